#!/usr/bin/env bash
# tests/deploy/image_build_test.sh: builds docker/Dockerfile with buildah and runs what comes out. By hand, as root, on
# Debian 12 with buildah and debootstrap: it takes as long as a build from scratch, and 4 GB under STORAGE (a folder,
# kept, so that a second time is quick).
#
# debian:bookworm-slim is fetched by nobody here: unless the storage has it, debootstrap makes one in its place.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
storage=${STORAGE:-$PWD/build/image-storage}
base=localhost/debian:bookworm-slim
image=localhost/slowwave:test

die() {
  printf 'image_build_test: %s\n' "$*" >&2
  exit 1
}

# No namespaces of a container engine's own, and no overlay: so it works inside of other sandboxes too.
build() { BUILDAH_ISOLATION=chroot buildah --root "$storage" --runroot "$storage.run" --storage-driver vfs "$@"; }

if [[ -z $(build images --quiet --filter "reference=$base" 2>/dev/null) ]]; then
  folder=$(mktemp -d)
  debootstrap --variant=minbase bookworm "$folder"
  made=$(build from scratch)
  build add --quiet "$made" "$folder" /
  build commit --quiet "$made" "$base"
  build rm "$made" >/dev/null
  rm -rf "$folder"
fi

build bud --pull-never --format docker --layers -f docker/Dockerfile -t "$image" .
build images "$image"

container=$(build from --pull-never "$image")
root=$(build mount "$container")
pid=
finish() {
  # Only what this script started.
  [[ -z $pid ]] || kill "$pid" 2>/dev/null || true
  build rm "$container" >/dev/null
}
trap finish EXIT

# As an engine would: the image's user, a read-only root, a volume, /proc, and nothing of this host's environment.
data=$(mktemp -d)
chown 65532:65532 "$data"
inside() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  exec unshare --mount sh -ec 'root=$1 data=$2; shift 2; mount --bind "$root" "$root"; mount --rbind /proc "$root/proc"
    mount -o remount,bind,ro "$root"; mount --bind "$data" "$root/var/lib/slowwave"
    exec env -i XDG_DATA_HOME=/var/lib /usr/sbin/chroot --userspec=65532:65532 "$root" /usr/bin/slowwave "$@"' sh "$root" "$data" "$@"
}

mkdir -p "$root/proc"
(inside version)
inside serve --listen 127.0.0.1:0 --http-listen 127.0.0.1:0 --ready-file /var/lib/slowwave/ready.json &
pid=$!
for ((tries = 0; tries < 600; ++tries)); do
  [[ ! -e $data/ready.json ]] || break
  kill -0 "$pid" || die "the daemon ended"
  read -rt 0.1 <> <(:) || true # a bounded wait for the file
done
address=$(sed -E 's/.*"listen":"([^"]*)".*/\1/' "$data/ready.json")
http=$(sed -E 's/.*"http_listen":"([^"]*)".*/\1/' "$data/ready.json")

(inside probe --http-listen "$http") || die "it is not ready"
printf '{"speaker": "Ada", "text": "I live in Ghent."}\n' >"$data/said.jsonl"
chmod 644 "$data/said.jsonl"
(inside import /var/lib/slowwave/said.jsonl --user ada --address "$address")
(inside trigger --user ada --until-drained --address "$address")
(inside facts --user ada --address "$address") | grep -q Ghent || die "it learned nothing"

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
pid=
((status == 0)) || die "it ended with $status on SIGTERM"
printf 'image_build_test: %s is built, serves, consolidates and stops\n' "$image"
