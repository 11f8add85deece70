# A database `ci` for a user `ci` with password `ci`, on the standard socket and 127.0.0.1:3306; root needs no password.
set -eu
if ! command -v mariadbd > /dev/null; then install_packages mariadb-server; fi
data=/var/lib/ci-mysql
run=/run/mysqld
as_root install -d -o mysql -g mysql "$data" "$run"
as_root mariadb-install-db --no-defaults --user=mysql --datadir="$data" --auth-root-authentication-method=socket --skip-test-db > /dev/null
# The data need not outlive the node: nothing is waited for to be on the disk.
as_root setsid mariadbd --no-defaults --user=mysql --datadir="$data" --socket="$run/mysqld.sock" --pid-file="$run/ci.pid" \
  --bind-address=127.0.0.1 --port=3306 --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \
  < /dev/null > /tmp/ci-mysql.log 2>&1 &
tries=120
until as_root mariadb-admin --no-defaults --socket="$run/mysqld.sock" --silent ping > /dev/null 2>&1; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ] || ! kill -0 $!; then cat /tmp/ci-mysql.log; exit 1; fi
  sleep 0.5
done
as_root mariadb --no-defaults --socket="$run/mysqld.sock" << 'SQL'
CREATE DATABASE ci;
CREATE USER ci@localhost IDENTIFIED BY 'ci';
CREATE USER ci@127.0.0.1 IDENTIFIED BY 'ci';
GRANT ALL ON *.* TO ci@localhost WITH GRANT OPTION;
GRANT ALL ON *.* TO ci@127.0.0.1 WITH GRANT OPTION;
SQL
echo 'MariaDB is up: database, user and password ci.'
