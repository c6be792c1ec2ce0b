# What the scripts of the portable kinds share: the way taken is told first, on stdout; the time it took last, on stderr.

# A reader that has enough must not take the end of the story with it
trap '' PIPE

# A tool gives up a little before the step's own timeout, so that it can still say why; on a connection after 5 seconds
limit=${ask_limit:-8}
wait=$limit; [ "$wait" -le 5 ] || wait=5

has() { command -v "$1" >/dev/null; }

# Hundredths of a second, without a tool
uptime() { up=; read -r up _ </proc/uptime; }

# NAME: the way that is taken from here on
way() { echo "way $1"; uptime; began=$up; }

# CODE: the end
leave() { uptime; printf '\nhousecall %s %s\n' "$began" "$up" >&2; exit "$1"; }

# COMMAND...: at most the limit of it, where the image can tell. busybox's timeout leaves a watcher behind that nobody waits for
bounded() {
  if has timeout && case $(timeout --help 2>&1) in *BusyBox*) false ;; esac; then timeout "$limit" "$@"; else "$@"; fi
}
