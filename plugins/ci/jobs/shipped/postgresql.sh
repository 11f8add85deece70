# A database `ci` for a user `ci` with password `ci`, on the standard socket and 127.0.0.1:5432. The job's own user and `ci` may
# do everything.
set -eu
find_initdb() { ls -d /usr/lib/postgresql/*/bin/initdb /usr/bin/initdb 2> /dev/null | sort -V | tail -n 1; }
if [ -z "$(find_initdb)" ]; then
  if command -v apt-get > /dev/null; then
    # Debian would make a cluster of its own.
    as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf > /dev/null
    install_packages postgresql
  else
    install_packages postgresql-server
  fi
fi
bin=$(dirname "$(find_initdb)")
data=/var/lib/ci-postgresql
socket=/var/run/postgresql
as_root install -d -o postgres -g postgres -m 755 "$data" "$socket"
as_postgres() { (cd / && as_root setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"); }
as_postgres "$bin/initdb" --pgdata="$data" --auth=trust --encoding=UTF8 --no-locale --no-sync > /dev/null
# The data need not outlive the node: nothing is waited for to be on the disk.
as_postgres "$bin/pg_ctl" --pgdata="$data" --log="$data/ci.log" --wait --timeout=60 \
  --options="-F -c listen_addresses=127.0.0.1 -c unix_socket_directories=$socket" start > /dev/null < /dev/null
as_postgres "$bin/psql" --host="$socket" --quiet --set=ON_ERROR_STOP=1 --set=own="$(id -un)" postgres << 'SQL'
CREATE ROLE ci LOGIN SUPERUSER PASSWORD 'ci';
CREATE DATABASE ci OWNER ci;
SELECT format('CREATE ROLE %I LOGIN SUPERUSER', :'own') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'own') \gexec
SQL
echo 'PostgreSQL is up: database, user and password ci.'
