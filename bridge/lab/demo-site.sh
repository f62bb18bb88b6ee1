# SPDX-License-Identifier: BSD-2-Clause
# What the demos with a browser share. Sourced by sh in a lab with a site.

here=$HYBRIDGE_LAB

# give_up SENTENCE
give_up() {
	echo "demo: $*" >&2
	exit 1
}

# fail SENTENCE: with what the parts last said.
fail() {
	for log in scan chromium site; do
		[ ! -s "$here/$log.log" ] || { echo "-- $log said:" && tail -n 5 "$here/$log.log"; } >&2
	done
	give_up "$@"
}

# start_browser [OPTION…]: Chromium with the lab's site; sets $browser to its process.
start_browser() {
	[ -n "${HYBRIDGE_LAB_CHROMIUM-}" ] || fail "there is no Chromium, or no certutil"
	"$HYBRIDGE_LAB_CHROMIUM" --user-data-dir="$here/profile" "$@" "$HYBRIDGE_LAB_SITE" \
		>"$here/chromium.log" 2>&1 </dev/null &
	browser=$!
}

# site_came_to STATE: whether the relying party has verified that: registered, signed-in.
site_came_to() {
	grep -q "\"state\":\"$1\"" "$here/site.log"
}
