import { BUILD_REF } from '../bundle.ts';
import { quote } from '../nodes/channel.ts';
import { bundleName, type Delivery } from './playbooks.ts';

/** Shell programs that run on a node; POSIX, for nodes are of any age. */

/** `scripts/run STEP`: a step in the workspace, its environment on standard input, its output in the console file. */
export const RUN_STEP = `#!/bin/sh
folder=$(cd "$(dirname "$0")/.." && pwd) || exit 1
eval "$(cat)"
cd "$folder/workspace" || exit 1
exec "$folder/scripts/$1" >> "$folder/console" 2>&1 < /dev/null
`;

/** `scripts/checkout-N`: a working tree out of a bundle, as the local runner lays it out, without network. */
export function checkOut(index: number, { branch, folder, others }: Delivery): string {
  const head = `refs/heads/${branch}`;
  const refspecs = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*', `+${BUILD_REF}:${head}`];
  return `#!/bin/sh
set -e
exec >> console 2>&1
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
bundle=$PWD/${bundleName(index)}
mkdir -p workspace/${quote(folder)}
cd workspace/${quote(folder)}
git init -q --template= .
git fetch -q "$bundle" ${refspecs.map(quote).join(' ')}
git symbolic-ref HEAD ${quote(head)}
git reset -q --hard
mkdir -p .git/info
printf '%s\\n' ${others.map((other) => quote(`/${other}/`)).join(' ')} > .git/info/exclude
rm "$bundle"
`;
}

/** What comes before the path of the build's folder; what a login shell says before it is not the console's. */
export const READY = 'cupboard-ci-ready ';

/**
 * Ends everything a build left running: a static node stays, so what carries the build's id in its environment goes.
 * Again until nothing is found, for a process may be forking while it is looked at.
 */
const FUNCTIONS = `end_build() {
  for round in 1 2 3 4 5 6 7 8 9 10; do
    found=$(grep -ls "BUILD_ID=$1" /proc/[0-9]*/environ | tr -dc '0-9\\n')
    [ -n "$found" ] || break
    kill -KILL $found 2>/dev/null
  done
}
remove_build() {
  end_build "$(basename "$1")"
  chmod -R u+rwX "$1" 2>/dev/null
  rm -rf "$1"
}`;

export const endProcesses = (build: string) => `${FUNCTIONS}\nend_build ${build}`;

/** Ends the build's processes and removes its folder, also where a job took its own rights away. */
export const cleanUp = (folder: string) => `${FUNCTIONS}\nremove_build ${quote(folder)}`;

/**
 * Makes the build's folder in the user's home, tells its path and follows its console while the connection lives. What
 * a build left behind that lost its connection goes first.
 * @param owner who uses the node, for one build at a time; several may use the machine
 */
export const followConsole = (build: string, owner: string) => `${FUNCTIONS}
umask 077
for old in ~/.cupboard-ci/*; do
  [ "$(cat "$old/owner" 2>/dev/null)" = ${owner} ] && remove_build "$old"
done
mkdir -p ~/.cupboard-ci/${build}/workspace && cd ~/.cupboard-ci/${build} || exit
echo ${owner} > owner && : >> console && echo "${READY}$PWD" && exec tail -c +1 -f console`;

/** Prints how many bytes the console has. */
export const consoleSize = (folder: string) => `wc -c < ${quote(folder)}/console`;

/** Paths of the regular files below the workspace, each ended by NUL. */
export const listFiles = (folder: string) => `cd ${quote(folder)}/workspace && find . -type f -printf '%P\\0'`;

/** A tar of the files named on standard input, each ended by NUL; symbolic links stay links. */
export const packFiles = (folder: string) =>
  `cd ${quote(folder)}/workspace && tar --create --format=pax --null --no-recursion --verbatim-files-from --files-from=-`;
