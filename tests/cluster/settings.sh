# settings.sh: what up, down, build and run agree on. Sourced, never run.
# shellcheck shell=bash disable=SC2034

export HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
export PATH=$PATH:/usr/local/go/bin:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/housecall-cluster   # outlives the cluster: built programs
dir=${CLUSTER_DIR:-$cache/state}                          # belongs to one running cluster: down removes it

version=v1.34.4
coredns_version=v1.15.0
key=$(cat "$here"/{go.mod,go.sum,kube.go} | sha256sum | cut -c1-16)
bin=$cache/bin/$key                                       # kube and its kubectl; another recipe gets another folder
coredns=$cache/bin/coredns-$coredns_version

node_ip=10.89.0.1                                         # the kubelet refuses a loopback address
images_key=$(cat "$here"/images/* | sha256sum | cut -c1-16)

say() { echo "${0##*/}: $*" >&2; }
die() { say "$@"; exit 1; }

# A process is recorded as "PID START": the kernel's start time tells it from a later process that got the same number.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
ours() { # name -> its pid, if that process still runs and still names our folder
    local pid start
    read -r pid start 2>/dev/null <"$dir/pid/$1" || return 1
    [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$dir" && echo "$pid"
}
