# SPDX-License-Identifier: BSD-2-Clause
# What bridge/demo and tests/run share: packages and builds. Sourced by sh with $top set to the
# tree; says what it does on stderr.

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$(basename "$0"): $*"
	exit 1
}

# packages_of GROUP…: their names, a line each.
packages_of() {
	for group; do
		sed -n "/^\[$group\]\$/,/^\[/{/^[[#]/d;/^\$/d;p;}" "$top/bridge/packages"
	done
}

# missing_of GROUP…: those that are not installed, on one line.
missing_of() {
	# shellcheck disable=SC2046
	dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $(packages_of "$@") 2>/dev/null |
		sed -n 's/^ii *//p' >"$setup_have"
	packages_of "$@" | grep -vxF -f "$setup_have" | tr '\n' ' '
}

# as_root COMMAND…: as root, or by sudo where that asks nothing; otherwise fails.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

can_be_root() {
	[ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

# apt_install PACKAGE…: with one refresh of the lists if they are empty or stale.
apt_install() {
	set -- env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
		install -y -q --no-install-recommends "$@"
	as_root "$@" >"$setup_log" 2>&1 && return
	say "Refreshing the package lists."
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >"$setup_log" 2>&1
	as_root "$@" >"$setup_log" 2>&1
}

# install_packages GROUP…: installs what is missing of them. Returns 1 after saying what to do if
# that needs somebody else.
install_packages() {
	if ! command -v dpkg-query >/dev/null; then
		say "This is not Debian: what bridge/packages lists is taken to be there."
		return 0
	fi
	setup_have=$(mktemp) setup_log=$(mktemp)
	setup_missing=$(missing_of "$@")
	setup_status=0
	if [ -n "$setup_missing" ]; then
		if can_be_root; then
			say "Installing: $setup_missing"
			# shellcheck disable=SC2086
			if ! apt_install $setup_missing; then
				tail -n 15 "$setup_log" >&2
				say "Installing the packages failed."
				setup_status=1
			fi
		else
			say "Packages are missing. Run this as root, then try again:"
			say "  apt-get update && apt-get install -y --no-install-recommends $setup_missing"
			setup_status=1
		fi
	fi
	rm -f "$setup_have" "$setup_log"
	return $setup_status
}

# build_tree DIR [MESON-OPTION…]: configures DIR once and brings it up to date.
build_tree() {
	setup_dir=$1
	shift
	mkdir -p "$setup_dir" 2>/dev/null
	if [ ! -w "$setup_dir" ] || { [ -e "$setup_dir/build.ninja" ] && [ ! -w "$setup_dir/build.ninja" ]; }; then
		setup_owner=$(stat -c %U "$setup_dir" 2>/dev/null || echo somebody else)
		die "$setup_dir belongs to $setup_owner and cannot be written: run this as that user, or remove the folder"
	fi
	setup_log=$(mktemp)
	setup_first=
	if [ ! -e "$setup_dir/build.ninja" ]; then
		setup_first=" (this takes a minute or two)"
		say "Configuring $setup_dir."
		if ! meson setup "$@" "$setup_dir" "$top" >"$setup_log" 2>&1; then
			tail -n 20 "$setup_log" >&2
			rm -f "$setup_log"
			die "$setup_dir cannot be configured"
		fi
	fi
	say "Building $setup_dir$setup_first."
	if ! ninja -C "$setup_dir" >"$setup_log" 2>&1; then
		grep -v '^\[' "$setup_log" | tail -n 40 >&2
		rm -f "$setup_log"
		die "$setup_dir does not build"
	fi
	rm -f "$setup_log"
	# Root leaves the owner of the tree able to build on.
	if [ "$(id -u)" = 0 ] && [ "$(stat -c %u "$top")" != 0 ]; then
		chown -R "$(stat -c %u:%g "$top")" "$setup_dir"
	fi
}
