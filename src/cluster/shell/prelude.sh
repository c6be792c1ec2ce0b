# One session's shell. File descriptors: 3 and 6 are the client's stdout and stderr, 4 a step's stderr, 5 the pipe to its
# watcher (7 where it is read), 8 is open while the step is told to stop. Lines like this one are not sent.
exec 3>&1 6>&2 >/dev/null 2>&1
@SECRET@
mark=@MARK@ job= keeper= order= lost= me= born=
vars() { :; }
feed() { :; }
command -v grep && grep=1 || grep=
command -v head || head() { cat; }
# GNU head keeps back what fills no block; this is what GNU stdbuf would put into its environment
command -v stdbuf && eager=$(stdbuf -o0 sh -c 'echo "$LD_PRELOAD"') || eager=

say() { printf '%s %s\n' "$secret" "$*" >&3; }
cry() { printf '%s %s\n' "$secret" "$*" >&6; }
nap() { sleep 0.05 || sleep 1; }

# PID: its parent as $up, its state as $state
parent() {
  up= state=
  while read -r key value; do
    case $key in State:) state=${value%% *} ;; PPid:) up=$value; return 0 ;; esac
  done <"/proc/$1/status"
  return 1
}

# TEXT PATH...: every process of which one of these files holds TEXT. `read` takes a byte at a time, and an environment may have
# thousands, so `grep` is worth its process
holding() {
  text=$1; shift
  if [ -n "$grep" ]; then grep -ls -e "$text" "$@"; else
    for path; do
      while read -r line || [ -n "$line" ]; do case $line in *"$text"*) echo "$path"; break ;; esac; done <"$path"
    done
  fi | while IFS=/ read -r _ _ pid _; do echo "$pid"; done
}

# TEXT PID: counts as $left what holds TEXT in its environment and was started after PID. Pids rise, so few are to be looked at, and
# mostly none; where they have wrapped round, or too many were started, all are searched.
since() {
  left=0 at=$2 some=
  read -r _ _ _ _ last </proc/loadavg
  if [ "$at" -gt 1 ] && [ "$last" -ge "$at" ] && [ "$last" -le $((at+200)) ]; then
    while [ "$at" -lt "$last" ]; do
      at=$((at+1))
      [ "$at" = "$me" ] || [ ! -e "/proc/$at/environ" ] || some="$some /proc/$at/environ"
    done
    [ -n "$some" ] || return 0
  else
    some='/proc/[0-9]*/environ'
  fi
  for pid in $(holding "$1" $some); do left=$((left+1)); done
}

# Every process that is no zombie, as PID:PARENT
living() {
  if [ -n "$grep" ]; then grep -s -e '^State:.Z' -e '^PPid:' /proc/[0-9]*/status; else
    for path in /proc/[0-9]*/status; do
      while read -r key value; do case $key in State:|PPid:) echo "$path:$key $value" ;; esac; done <"$path"
    done
  fi | while read -r key value; do
    pid=${key#/proc/}; pid=${pid%%/*}
    case $key:$value in
      *:State::Z*) dead=$pid ;;
      *:PPid:*) [ "$pid" = "$dead" ] || echo "$pid:$value" ;;
    esac
  done
}

# PID: whether this shell is among its ancestors, by $tree
below() {
  at=$1
  while [ "$at" != "$$" ]; do
    case $tree in *" $at:"*) ;; *) return 1 ;; esac
    at=${tree#*" $at:"}; at=${at%% *}
    [ "$at" -gt 1 ] || [ "$at" = "$$" ] || return 1
  done
}

# STEP: ROOT: the step's living processes as $all: what carries its mark, its first process, and their descendants
ours() {
  tree=" $(living | while read -r pair; do printf '%s ' "$pair"; done)" all=' '
  for pid in $(holding "HOUSECALL_STEP=$mark:$1" /proc/[0-9]*/environ) $2; do
    case $tree in *" $pid:"*) ;; *) continue ;; esac
    case $all in *" $pid "*) continue ;; esac
    [ "$pid" != "$2" ] || below "$pid" || continue
    all="$all$pid "
  done
  grown=1
  while [ -n "$grown" ]; do
    grown=
    for pair in $tree; do
      case $all in *" ${pair#*:} "*) ;; *) continue ;; esac
      case $all in *" ${pair%:*} "*) ;; *) all="$all${pair%:*} " grown=1 ;; esac
    done
  done
}

# PID: whether it is still the process that was proven ours: it carries the mark, or has the parent it had
still() {
  [ "$1" -gt 1 ] && [ "$1" != "$$" ] && parent "$1" || return 1
  case $tree in *" $1:$up "*) [ "$up" -le 1 ] || return 0 ;; esac
  if [ -n "$grep" ]; then grep -qs -e "HOUSECALL_STEP=$mark:" "/proc/$1/environ"; else
    while read -r line || [ -n "$line" ]; do case $line in *"HOUSECALL_STEP=$mark:"*) return 0 ;; esac; done <"/proc/$1/environ"
    return 1
  fi
}

# PID: whether it has a handler for TERM (15)
handles() { while read -r key value; do case $key:$value in SigCgt:*[4567cdefCDEF]???) return 0 ;; esac; done <"/proc/$1/status"; return 1; }

# PID: ends it, if it is still the process that was proven ours
finish() { still "$1" && kill -9 "$1"; }

# STEP: ROOT: ends a step's processes leaf first, so that parents reap: a process loses its children when none of them has
# children left, and all at once. One that handles TERM, as our scripts do, is held meanwhile and then told, so that it reaps
# them and does not go on with its next line. $unreaped counts what stays as a zombie of someone else.
stop() {
  round=0 seen=' '
  while ours "$1" "$2"; [ "$all" != ' ' ] && [ "$round" -lt 30 ]; do
    for pid in $all; do
      case $seen in *" $pid "*) ;; *) seen="$seen$pid " ;; esac
      kids= branch= above=
      for pair in $tree; do
        case $pair in
          *":$pid") kids="$kids ${pair%:*}"; case $tree in *":${pair%:*} "*) branch=1 ;; esac ;;
          "$pid":*) above=${pair#*:} ;;
        esac
      done
      if [ -z "$kids" ]; then case $all in *" $above "*) ;; *) finish "$pid" ;; esac; continue; fi
      [ -z "$branch" ] || [ "$round" -ge 25 ] || continue
      told=
      if handles "$pid" && still "$pid"; then kill -STOP "$pid"; told=1; fi
      for kid in $kids; do finish "$kid"; done
      [ -z "$told" ] || { kill -TERM "$pid"; kill -CONT "$pid"; }
      [ "$round" -lt 25 ] || finish "$pid"
    done
    round=$((round+1))
    nap
  done
  for pid in $seen; do
    parent "$pid" && [ "$state" = Z ] && ! below "$up" && unreaped=$((unreaped+1))
  done
}

# SECONDS: tells the watcher when they are over, and again each second. Its `sleep` is killed outright: between fork and exec it
# still has our handler of TERM, which would swallow that one
timer() {
  ( over= nap=
    trap 'over=1; [ -z "$nap" ] || kill -9 "$nap"' TERM
    set -- "$1"
    while [ -z "$over" ]; do
      sleep "$1" & nap=$!
      [ -z "$over" ] || kill -9 "$nap"
      wait "$nap"; wait "$nap"; nap=
      read -r _ _ _ up _ </proc/self/stat
      [ "$up" = "$me" ] || exit
      [ -n "$over" ] || kill -URG "$me"
      set -- 1
    done ) </dev/null & timer=$!
}
# A timer that is told before it has set its trap ends by the signal: its status is above 128 for ever, so ask whether it is there
untime() { kill -TERM "$timer"; while wait "$timer"; [ $? -gt 128 ] && kill -0 "$timer"; do :; done; }

strike() {
  [ -z "$busy" ] || return 0
  busy=1 struck=$((struck+1))
  case $struck in
    1) say "$id strike"; stop "$id:" "$root"; untime; timer 2 ;;
    2) for pid in $(holding "HOUSECALL_PIPE=$mark:$id:" /proc/[0-9]*/environ); do kill -9 "$pid"; done ;;
  esac
  busy=
}

# Beside each step; its first process and its exit code come on stdin
watch() {
  trap '' PIPE; trap - EXIT TERM INT HUP
  exec 7<&0
  root= busy= struck=0 unreaped=0
  read -r root
  read -r me _ </proc/self/stat
  trap strike URG
  ( while read -r word value; do [ "$word" != exit ] || say "$id exit $value"; done ) <&7 & reader=$!
  timer "$1"
  [ ! -e "/proc/$$/fd/8" ] || strike
  while [ "$struck" -lt 3 ]; do wait "$reader"; [ $? -gt 128 ] && kill -0 "$reader" || break; done
  trap '' URG
  untime
  since "HOUSECALL_STEP=$mark:$id:" "${root:-0}"
  say "$id end $struck $left $unreaped"
  cry "$id end"
}

# WORD...: a step's first process, beside whatever feeds its stdin
first() (
  trap - EXIT TERM INT HUP
  read -r me _ </proc/self/stat; echo "$me" >&5
  HOUSECALL_STEP=$mark:$id:; export HOUSECALL_STEP; vars
  case $mode in
    own) "$@" 2>&4 3>&- 4>&- 5>&- 6>&- 8<&- ;;
    *) exec "$@" 2>&4 3>&- 4>&- 5>&- 6>&- 8<&- ;;
  esac
)

# ID SECONDS OUT ERR FED run|own WORD...
begin() {
  [ -z "$job" ] || wait "$job"
  exec 8<&-
  id=$1 seconds=$2 out=$3 err=$4 fed=${5#-} mode=$6; shift 6
  say "$id begin"; cry "$id begin"
  { { {
    if [ -z "$fed" ]; then first "$@" </dev/null; else
      { trap - EXIT TERM INT HUP; feed; } 3>&- 4>&- 5>&- 6>&- 8<&- | first "$@"
    fi
    echo "exit $?" >&5; } | HOUSECALL_PIPE=$mark:$id: LD_PRELOAD=$eager _STDBUF_O=0 head -c "$out" >&3 4>&- 5>&- 6>&-
  } 4>&1 | HOUSECALL_PIPE=$mark:$id: LD_PRELOAD=$eager _STDBUF_O=0 head -c "$err" >&6 3>&- 5>&-
  } 5>&1 | watch "$seconds" &
  job=$!
}

# Stops the step under way; its watcher sees descriptor 8 in case the signal comes too early
halt() { exec 8</dev/null; parent "$job" && [ "$up" = "$$" ] && kill -URG "$job"; }

leave() {
  trap - EXIT; trap '' TERM INT HUP PIPE
  [ -z "$job" ] || { halt; wait; }
  unreaped=0
  # In a long session pids may have wrapped round and passed ours again
  if [ "${id:-0}" -le 9 ]; then since "HOUSECALL_STEP=$mark:" "$born"; else left=1; fi
  if [ "$left" != 0 ]; then
    stop '' ''
    # What still lives is killed with the container, and nobody of ours is there to reap it
    for pid in $all; do unreaped=$((unreaped+1)); done
  fi
  say "bye $unreaped"
  [ -z "$keeper" ] || { echo "left $$" >>/dev/termination-log; [ -n "$lost" ] || kill -TERM "$keeper"; }
}

# Takes the place of the shell before, whose connection was lost: what that was asked is ended first
follow() {
  before= line= round=0
  while read -r word value; do [ "$word" != shell ] || before=$value; done </dev/termination-log
  echo "shell $$" >>/dev/termination-log
  case $before in ''|*[!0-9]*) return ;; esac
  read -r line <"/proc/$before/cmdline"
  case $line in *housecall-shell*) kill -HUP "$before" ;; *) return ;; esac
  while [ -d "/proc/$before" ] && [ "$round" -lt 80 ]; do nap; round=$((round+1)); done
}

# PATH: follows it link by link inside $root; $real is where it leads. 1: not there, 2: links without end, 3: not to be searched
resolve() {
  todo=$1 real= hops=0
  while [ -n "$todo" ]; do
    case $todo in /*) todo=${todo#/}; continue ;; esac
    name=${todo%%/*}
    case $todo in */*) todo=${todo#*/} ;; *) todo= ;; esac
    case $name in .) continue ;; ..) real=${real%/*}; continue ;; esac
    # The kernel answers these for whoever asks, which is not the patient
    case $real/$name in /proc/self) name=$own ;; /proc/thread-self) name=$own/task/$own ;; esac
    here=$root$real/
    [ -d "$here" ] || { [ -d "$root/" ] || return 4; return 1; }
    # What lies in it tells whether it can be searched: `-x` of busybox takes root for one who always can, whatever it was left
    [ -e "$here." ] || return 3
    if [ -h "$here$name" ]; then
      hops=$((hops+1)); [ "$hops" -le 40 ] || return 2
      link=$(target "$here$name" "$name" && echo x) || return 3
      link=${link%x}; link=${link%"$end"}
      case $link in /*) real= ;; esac
      todo=$link/$todo
    else
      [ -e "$here$name" ] || return 1
      real=$real/$name
    fi
  done
  [ -n "$real" ] || real=/
}
end='
'
target() {
  if [ -n "$readlink" ]; then readlink "$1"; else
    link=$(ls -ld "$1" && echo x) && link=${link%x} && printf %s "${link#*"$1 -> "}"
  fi
}

# NAME: the value of a line of a file on stdin
field() { while read -r key value; do [ "$key" != "$1:" ] || { echo "$value"; return; }; done; }

# FILE on descriptor 9: whether it was opened where it was found. Between the two a link may have come into the way, and links are
# followed from our own root. A file on a mount that is not ours cannot be ours; on one that is, its path must be in the patient's root.
true_to_root() {
  mount=$(field mnt_id <"/proc/self/fdinfo/9") && [ -n "$mount" ] || return 0
  ours=
  while read -r id _; do [ "$id" != "$mount" ] || ours=1; done </proc/self/mountinfo
  [ -n "$ours" ] && [ -n "$readlink" ] || return 0
  base=$(readlink "$root") || base=$root
  base=${base%/}
  [ "$(readlink /proc/self/fd/9)" = "$base$real" ]
}

# ROOT: what resolve goes by
enter() {
  root=${1%/}; command -v readlink >/dev/null && readlink=1 || readlink=
  own=$$
  # The patient's own word for itself is its pid in the innermost namespace
  case $root in /proc/[0-9]*/root)
    own=${root#/proc/}; own=${own%/root}
    inner=$(field NSpid <"/proc/$own/status") && [ -n "$inner" ] && own=${inner##*[!0-9]} ;;
  esac
}

# ROOT PATTERN MOST: each regular file that matches, its path ended by a NUL, and one more than MOST where there are more. A part with
# a wildcard is held against the names in a folder that was reached link by link, so that no match leads out of the root
list() {
  enter "$1"
  part= shut= pattern=${2#/} most=$3
  [ -d "$root/" ] || { printf '%s\n' "$2: the patient's root is gone: its process has ended" >&2; return 125; }
  set -- ''; IFS=
  while [ -n "$pattern" ]; do
    part=${pattern%%/*}
    case $pattern in */*) pattern=${pattern#*/} ;; *) pattern= ;; esac
    [ -n "$part" ] || continue
    left=$#
    while [ "$left" -gt 0 ]; do
      at=$1 left=$((left-1)); shift
      case $part in *[*?[]*) ;; *) set -- "$@" "$at/$part"; continue ;; esac
      resolve "$at/"
      case $? in 0) ;; 3) shut=$at; continue ;; *) continue ;; esac
      [ -d "$root$real" ] || continue
      true <"$root$real" || { shut=$at; continue; }
      for hit in "$root${real%/}/"$part; do
        name=${hit##*/}
        case $name in .|..) continue ;; esac
        [ -e "$hit" ] || [ -h "$hit" ] || continue
        [ $# -lt 5000 ] || break
        set -- "$@" "$at/$name"
      done
    done
  done
  left=0
  for at in "$@"; do
    resolve "$at" || { [ $? != 3 ] || shut=$at; continue; }
    [ -f "$root$real" ] || continue
    printf '%s\000' "$at"
    left=$((left+1)); [ "$left" -le "$most" ] || break
  done
  [ -z "$shut" ] || { printf '%s\n' "$shut: permission denied" >&2; return 126; }
}

# ROOT PATH MAX: one line of status, the path and a NUL, then content
look() {
  enter "$1"
  resolve "$2"; case $? in
    0) ;;
    4) printf '%s\n' "$2: the patient's root is gone: its process has ended" >&2; return 125 ;;
    1) printf '%s\n' "$2: no such file or directory" >&2; return 1 ;;
    2) printf '%s\n' "$2: more than 40 links" >&2; return 1 ;;
    *) printf '%s\n' "$2: permission denied on the way, at ${here#"$root"}" >&2; return 126 ;;
  esac
  file=$root$real kind=other
  if [ -d "$file" ]; then kind=directory; elif [ -f "$file" ]; then kind=file; fi
  status=$(stat -c '%a %u %g %s %Y' "$file" 2>/dev/null) ||
    status=$(ls -ldn "$file" 2>/dev/null | while read -r bits _ user group size _; do echo "$bits $user $group $size -"; done)
  [ -n "$status" ] || { printf '%s\n' "neither stat nor ls tells what $2 is" >&2; return 127; }
  printf '%s %s\n%s\000' "$kind" "$status" "$real"
  case $kind in
    directory) printf '%s\n' "$2: is a directory" >&2; return 1 ;;
    other) printf '%s\n' "$2: is no regular file" >&2; return 1 ;;
  esac
  true <"$file" || { printf '%s\n' "$2: permission denied" >&2; return 126; }
  {
    true_to_root || { printf '%s\n' "$2: what it leads to changed while it was opened" >&2; return 125; }
    head -c "$3" <&9
  } 9<"$file"
}

fact() { while read -r key value; do [ "$key" != "$2:" ] || { echo "$1 $value"; return; }; done <"$3"; }

# SHARED CONTAINER KNOWN NAME: where the patient is, as lines of facts. By its name a container is told by where the kubelet keeps its
# termination log: beside ours
hunt() {
  found= text=$2 file=cgroup
  if [ -n "$4" ]; then
    while read -r _ _ _ from at _; do [ "$at" != /dev/termination-log ] || text=${from%/containers/*}/containers/$4/; done </proc/self/mountinfo
    file=mountinfo
  fi
  if [ -n "$3" ]; then found=$3; else
    if [ -n "$text" ]; then
      all=" $(holding "$text" /proc/[0-9]*/"$file" | while read -r pid; do printf '%s ' "$pid"; done)"
      for pid in $all; do
        parent "$pid" || continue
        case $all in *" $up "*) continue ;; esac
        [ -n "$found" ] && [ "$found" -lt "$pid" ] || found=$pid
      done
    fi
    read -r first </proc/1/comm
    if [ -z "$found" ] && [ "$1" = 1 ] && [ "$keeper" != 1 ]; then
      case $first in pause) echo 'why pause' ;; *) found=1 ;; esac
    fi
  fi
  [ -n "$found" ] || return 0
  echo "pid $found"
  [ -d "/proc/$found" ] || { echo 'why gone'; return 0; }
  if [ -d "/proc/$found/root/" ] && [ -r "/proc/$found/root/" ] && [ -x "/proc/$found/root/" ]; then echo "root /proc/$found/root"; fi
  fact uid Uid /proc/self/status; fact caps CapEff /proc/self/status
  fact theirs Uid "/proc/$found/status"; fact theircaps CapPrm "/proc/$found/status"
  read -r map </proc/self/uid_map && echo "map $map"
  read -r map <"/proc/$found/uid_map" && echo "theirmap $map"
}

refuse() { printf '%s\n' "$1" >&2; return 126; }

trap leave EXIT; trap exit TERM INT; trap 'lost=1; exit' HUP
notes=
if [ @KEPT@ = 1 ]; then
  # Exec may be let in before the keeper has written its pid
  round=0
  while ! read -r keeper </dev/termination-log && [ -r /dev/termination-log ] && [ "$round" -lt 200 ]; do nap; round=$((round+1)); done
  case $keeper in ''|*[!0-9]*) keeper= notes=keeperless ;; *) follow ;; esac
fi
# Whatever a step starts comes after this
read -r _ _ _ _ born </proc/loadavg
uid=$(fact uid Uid /proc/self/status); uid=${uid#uid }; uid=${uid%%[!0-9]*}
say "hello $$ ${uid:--} ${keeper:--} ${notes:--}"; cry hello
