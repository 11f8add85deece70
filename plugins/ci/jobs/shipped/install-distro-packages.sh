# BINDEP_PROFILES names profiles (default: `default`); BINDEP_FALLBACK is a list of rules for projects without bindep.txt.
set -eu
if [ ! -e bindep.txt ] && [ ! -e other-requirements.txt ]; then
  if [ -z "${BINDEP_FALLBACK:-}" ]; then
    echo 'The project has no bindep.txt: nothing to install.'
    exit 0
  fi
  fallback=$(mktemp)
  printf '%s\n' "$BINDEP_FALLBACK" > "$fallback"
fi

# bindep says 1 both for missing packages and for a file it does not understand: listing tells the two apart.
# shellcheck disable=SC2086
bindep ${fallback:+-f "$fallback"} -l newline ${BINDEP_PROFILES:-} > /dev/null
# shellcheck disable=SC2086
missing=$(bindep ${fallback:+-f "$fallback"} -b ${BINDEP_PROFILES:-}) || true
if [ -n "$missing" ]; then
  # shellcheck disable=SC2086
  install_packages $missing
fi
# What is left now is told, and fails the job.
# shellcheck disable=SC2086
bindep ${fallback:+-f "$fallback"} ${BINDEP_PROFILES:-}
