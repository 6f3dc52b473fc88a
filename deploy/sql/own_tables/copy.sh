#!/usr/bin/env bash
# Drains the outbox of outbox.sql into Slowwave. Safe to repeat, to interrupt at any point, and to run twice at once.
#
#   FEED_DATABASE_URL=postgres://copier@db/memory deploy/sql/own_tables/copy.sh [OPTION of `slowwave import`...]
#
# such as --address HOST:PORT --ca-file FILE --token-file FILE. Further settings:
#   FEED_TENANT          only this tenant's (a token that is one tenant's needs it); unset: all
#   FEED_BATCH           records a call, at most 1000 (the default)
#   FEED_EVERY_SECONDS   go on, with this pause; unset: one pass
#   SLOWWAVE             the binary; unset: slowwave
# Exit code of one pass: 0 nothing is left that was there at its start (what the daemon refused is in
# slowwave_feed.refused), 1 some user's records could not be brought and wait for the next pass.
set -Eeuo pipefail

: "${FEED_DATABASE_URL:?the database that has the outbox}"
batch=${FEED_BATCH:-1000}
slowwave=${SLOWWAVE:-slowwave}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs the SQL on standard input; its options are psql's.
sql() { psql -XAtq -v ON_ERROR_STOP=1 -d "$FEED_DATABASE_URL" "$@" -f -; }

# copy_batch TENANT USER UPTO OPTION...: one batch; 10 if there was none. Called where errors do not end the script.
copy_batch() {
  local tenant=$1 person=$2 upto=$3 status=0
  shift 3
  # JSON has neither tabs nor line ends in it: `seq TAB line`, the line empty if there is nothing to send.
  sql -F $'\t' -v tenant="$tenant" -v person="$person" -v upto="$upto" -v most="$batch" >"$work/batch" <<<"
    SELECT seq, line FROM slowwave_feed.batch(:'tenant', :'person', :'upto', :'most')" || return 1
  [[ -s $work/batch ]] || return 10
  awk -F '\t' -v sent="$work/sent" -v skipped="$work/skipped" -v lines="$work/lines" '
    BEGIN { printf "" >lines }
    $2 == "" { gone = gone comma $1; comma = ","; next }
    { taken = taken between $1; between = ","; print $2 >lines }
    END { print "{" taken "}" >sent; print "{" gone "}" >skipped }' "$work/batch" || return 1
  # 2: some lines were not taken, and said so; the others are stored.
  "$slowwave" import "${@}" --tenant="$tenant" --user="$person" --json - <"$work/lines" >"$work/said" || status=$?
  ((status == 0 || status == 2)) || return 1
  (
    cd "$work" || exit 1
    { printf '['; paste -sd, said; printf ']'; } >answer
    sql -1 -v tenant="$tenant" -v person="$person" >/dev/null <<'SQL'
\set sent `cat sent`
\set skipped `cat skipped`
\set answer `cat answer`
SELECT slowwave_feed.acknowledge(:'tenant', :'person', :'sent', :'skipped', :'answer');
SQL
  )
}

# pass OPTION...: all users that have something waiting. One that fails does not keep the others.
pass() {
  local failed=0 status tenant person upto
  sql -z -0 -v only="${FEED_TENANT:-}" >"$work/waiting" <<<"
    SELECT tenant_id, user_id, upto FROM slowwave_feed.waiting() WHERE :'only' IN ('', tenant_id)"
  while IFS= read -r -d '' tenant && IFS= read -r -d '' person && IFS= read -r -d '' upto; do
    status=0
    while ((status == 0)); do copy_batch "$tenant" "$person" "$upto" "$@" || status=$?; done
    if ((status != 10)); then
      printf 'copy.sh: tenant %s, user %s: not copied, tried again with the next pass\n' "$tenant" "$person" >&2
      failed=1
    fi
  done <"$work/waiting"
  return "$failed"
}

if [[ -z ${FEED_EVERY_SECONDS:-} ]]; then
  pass "$@"
else
  while true; do
    pass "$@" || true
    sleep "$FEED_EVERY_SECONDS"
  done
fi
