#!/bin/sh
# bindep: which system packages a project needs here, by its bindep.txt. The rules are those of OpenStack's program of
# this name. Only sh, awk and the system's package manager are needed, so that it runs in any node.

# Reads rules, or compares versions; which one, and with what, is in the environment. Uses what mawk, gawk and busybox share.
BINDEP_AWK='
BEGIN {
  LETTER = "[A-Za-z0-9]"; PROFILE = "!?[a-z0-9:.-]+"
  GROUP = "[(]" PROFILE "( +" PROFILE ")*[)]"
  ITEM = "(" PROFILE "|" GROUP ")"
  CONSTRAINT = "(<=|<|!=|==|>=|>)([0-9]+:)?[0-9][A-Za-z0-9.+~:-]*"
  for (i = 1; i < 127; i++) ORDER[sprintf("%c", i)] = i
  count = split(ENVIRON["BINDEP_ACTIVE"], names, " ")
  for (i = 1; i <= count; i++) active[names[i]] = 1
}

# One line of the file: prints NAME CONSTRAINTS where the line counts.
ENVIRON["BINDEP_MODE"] == "rules" || ENVIRON["BINDEP_MODE"] == "profiles" {
  line = $0
  if (line ~ /^ *(#.*)?$/) next
  if (!match(line, "^" LETTER "[A-Za-z0-9.+_/-]+")) refuse()
  name = take(); selector = ""; versions = ""
  if (match(line, "^ +[[]" ITEM "( +" ITEM ")*[]]")) { selector = take(); sub(/^ +[[]/, "", selector); sub(/[]]$/, "", selector) }
  if (match(line, "^ +" CONSTRAINT "(," CONSTRAINT ")*")) { versions = take(); gsub(/ /, "", versions) }
  if (line !~ /^ *(#.*)?$/) refuse()
  if (ENVIRON["BINDEP_MODE"] == "profiles") { list(selector) } else if (counts(selector)) print name, versions
}

# NAME CONSTRAINTS INSTALLED: prints the constraints that the installed version breaks.
ENVIRON["BINDEP_MODE"] == "versions" {
  count = split($2, constraints, ",")
  for (i = 1; i <= count; i++) {
    match(constraints[i], /^[<>=!]+/)
    operator = substr(constraints[i], 1, RLENGTH); wanted = substr(constraints[i], RLENGTH + 1)
    if (!holds($3, operator, wanted)) print $1 " version " $3 " does not match " constraints[i]
  }
}

function take(  found) { found = substr(line, RSTART, RLENGTH); line = substr(line, RSTART + RLENGTH); return found }
function refuse() { print FNR ": not understood: " $0 > "/dev/stderr"; failed = 1; exit 2 }
END { if (failed) exit 2 }

# A selector is split into its platforms and the rest, and neither may say no. Each says no where a negative item holds;
# else yes where a positive item or a group holds, or where it has none of either.
function counts(selector) { judge(selector); return !no["platform"] && !no["user"] }
function judge(selector,  items, total, i, item, part, inside, all, wanted, met) {
  no["platform"] = no["user"] = 0; wanted["user"] = wanted["platform"] = 0; met["user"] = met["platform"] = 0
  total = split(selector, items, / +/)
  for (i = 1; i <= total; i++) {
    item = items[i]; part = "user"
    if (item ~ /^[(]/) { inside = 1; all = 1; sub(/^[(]/, "", item) }
    if (inside) {
      if (item ~ /[)]$/) { inside = 0; sub(/[)]$/, "", item) }
      if (!isTrue(item)) all = 0
      if (inside) continue
      wanted[part] = 1; if (all) met[part] = 1
      continue
    }
    if (item ~ /^!?platform:/) part = "platform"
    if (item !~ /^!/) { wanted[part] = 1; if (isTrue(item)) met[part] = 1 }
    else if (!isTrue(item)) no[part] = 1
  }
  for (part in wanted) if (wanted[part] && !met[part]) no[part] = 1
}
function isTrue(item) { return item ~ /^!/ ? !(substr(item, 2) in active) : (item in active) }
function list(selector,  items, total, i) {
  total = split(selector, items, / +/)
  for (i = 1; i <= total; i++) { gsub(/[()!]/, "", items[i]); if (items[i] !~ /^platform:/) print items[i] }
}

# Versions by the rules of Debian Policy 5.6.12; equal and unequal compare the texts.
function holds(have, operator, wanted,  difference) {
  if (operator == "==") return (have "") == (wanted "")
  if (operator == "!=") return (have "") != (wanted "")
  difference = compare(have, wanted)
  if (operator == "<") return difference < 0
  if (operator == "<=") return difference <= 0
  if (operator == ">") return difference > 0
  return difference >= 0
}
function compare(a, b,  difference) {
  difference = epoch(a) - epoch(b); if (difference) return difference
  sub(/^[0-9]+:/, "", a); sub(/^[0-9]+:/, "", b)
  difference = section(upstream(a), upstream(b)); if (difference) return difference
  return section(revision(a), revision(b))
}
function epoch(version) { return match(version, /^[0-9]+:/) ? substr(version, 1, RLENGTH - 1) + 0 : 0 }
function upstream(version) { sub(/-[^-]*$/, "", version); return version }
function revision(version) { return match(version, /-[^-]*$/) ? substr(version, RSTART + 1) : "0" }
function section(a, b,  x, y, difference) {
  while (a != "" || b != "") {
    while (a ~ /^[^0-9]/ || b ~ /^[^0-9]/) {
      x = rank(a); y = rank(b); if (x != y) return x - y
      a = substr(a, 2); b = substr(b, 2)
    }
    x = number(a); y = number(b)
    if (length(x) != length(y)) return length(x) - length(y)
    if (("x" x) != ("x" y)) return ("x" x) < ("x" y) ? -1 : 1
    sub(/^[0-9]*/, "", a); sub(/^[0-9]*/, "", b)
  }
  return 0
}
# Tilde sorts before the end, the end before letters, letters before all else.
function rank(text,  first) {
  first = substr(text, 1, 1)
  if (first == "~") return -1
  if (first == "" || first ~ /[0-9]/) return 0
  return first ~ /[A-Za-z]/ ? ORDER[first] : ORDER[first] + 256
}
function number(text) { match(text, /^[0-9]*/); text = substr(text, 1, RLENGTH); sub(/^0+/, "", text); return text }
'

# bindep_awk MODE [FILE]: runs it with the profiles that are active.
bindep_awk() {
  BINDEP_MODE=$1 BINDEP_ACTIVE=$bindep_active LC_ALL=C awk "$BINDEP_AWK" "${2:--}"
}

# The platform's names as profiles, one a line; fails where no package manager is known for it.
bindep_platform() (
  ID='' VERSION_ID='' VERSION_CODENAME=''
  . "${BINDEP_OS_RELEASE:-/etc/os-release}" || exit 1
  case $ID in
    debian | ubuntu) family=dpkg ;;
    fedora | centos | rhel | rocky | almalinux | ol | amzn) family='rpm redhat' ;;
    opensuse* | sles) family='rpm suse' ;;
    gentoo) family=emerge ;;
    arch) family=pacman ;;
    alpine) family=apk ;;
    *) echo "bindep: no package manager is known for $ID" >&2; exit 1 ;;
  esac
  versions=''
  version=$VERSION_ID
  while [ -n "$version" ]; do
    versions="$versions $ID-$version"
    case $version in *.*) version=${version%.*} ;; *) version='' ;; esac
  done
  for name in $ID $versions ${VERSION_CODENAME:+$ID-$VERSION_CODENAME} $family; do
    echo "platform:$name"
  done | sort
)

# bindep_installed NAME: its version, nothing where it is not installed.
bindep_installed() {
  case $bindep_active in
    *platform:dpkg*)
      # shellcheck disable=SC2016
      dpkg-query -W -f '${Status} ${Version}\n' -- "$1" 2> /dev/null | sed -n 's/^[a-z]* [a-z]* installed //p' ;;
    *platform:rpm*) rpm --qf '%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n' -q -- "$1" 2> /dev/null | grep -v ' ' ;;
    *platform:apk*) apk info -e -v -- "$1" 2> /dev/null | sed "s/^$1-//" ;;
    *platform:pacman*) pacman -Q -- "$1" 2> /dev/null | cut -d ' ' -f 2 ;;
    *platform:emerge*) qlist -ICv -F '%{PV}' -- "$1" 2> /dev/null ;;
  esac | head -n 1
}

# The file with the rules; fails where there is none, or two.
bindep_file() {
  if [ -e bindep.txt ] && [ -e other-requirements.txt ]; then
    echo 'bindep: both bindep.txt and other-requirements.txt are here' >&2
    return 1
  fi
  for file in bindep.txt other-requirements.txt; do
    if [ -e "$file" ]; then echo "$file"; return; fi
  done
  echo 'bindep: neither bindep.txt nor other-requirements.txt is here' >&2
  return 1
}

# bindep [-b] [-l newline|csv] [-f FILE] [--profiles] [PROFILE...]
# Exit status: 0 = all there, 1 = something missing or of a wrong version, or the file is wrong.
bindep() (
  brief='' separator='' file='' mode=check
  while [ $# -gt 0 ]; do
    case $1 in
      -b | --brief) brief=yes ;;
      -l | --list_all)
        mode=list
        case ${2:-} in newline) separator='\n' ;; csv) separator=',' ;; *) echo 'bindep: -l newline|csv' >&2; exit 1 ;; esac
        shift ;;
      -f | --file) file=${2:?bindep: -f FILE}; shift ;;
      --profiles) mode=profiles ;;
      -*) echo "bindep: unknown option $1" >&2; exit 1 ;;
      *) break ;;
    esac
    shift
  done
  file=${file:-$(bindep_file)} || exit 1
  platform=$(bindep_platform) || exit 1
  bindep_active="${*:-default} $(echo "$platform" | tr '\n' ' ')"

  if [ "$mode" = profiles ]; then
    profiles=$(bindep_awk profiles "$file") || exit 1
    printf 'Platform profiles:\n%s\n\nConfiguration profiles:\n' "$platform"
    printf 'default\n%s\n' "$profiles" | sed '/^$/d' | sort -u
    exit 0
  fi
  rules=$(bindep_awk rules "$file") || exit 1
  if [ "$mode" = list ]; then
    echo "$rules" | sed 's/ .*//; /^$/d' | sort -u | awk -v separator="$separator" '{ printf "%s%s", (NR > 1 ? separator : ""), $0 } END { if (NR) print "" }'
    exit 0
  fi
  found=$(echo "$rules" | while read -r name constraints; do
    if [ -n "$name" ]; then echo "$name ${constraints:--} $(bindep_installed "$name")"; fi
  done)
  missing=$(echo "$found" | awk 'NF == 2 { print $1 }' | sort -u)
  wrong=$(echo "$found" | awk 'NF == 3 && $2 != "-"' | bindep_awk versions)
  if [ -n "$brief" ]; then
    if [ -n "$missing" ]; then echo "$missing"; fi
  else
    if [ -n "$missing" ]; then echo 'Missing packages:'; echo "$missing" | sed 's/^/    /'; fi
    if [ -n "$wrong" ]; then echo 'Bad versions of installed packages:'; echo "$wrong" | sed 's/^/    /'; fi
  fi
  [ -z "$missing$wrong" ]
)
