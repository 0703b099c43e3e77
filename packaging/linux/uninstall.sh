#!/bin/sh
# Removes what install.sh put beside this file. Studies, weights and caches of users are kept.
set -eu

target=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
case "$target" in
    */lib/planetview) prefix=${target%/lib/planetview} ;;
    *) echo "This is not an installed copy: run PREFIX/lib/planetview/uninstall.sh" >&2; exit 1 ;;
esac

for name in planetview planetview-gui; do
    link="$prefix/bin/$name"
    if [ "$(readlink "$link" 2>/dev/null)" = "$target/$name" ]; then rm -f "$link"; fi
done
rm -f "$prefix/share/applications/planetview.desktop" "$prefix/share/mime/packages/planetview.xml"
find "$prefix/share/icons/hicolor" -path '*/apps/planetview.*' -type f -exec rm -f {} + 2>/dev/null || true
refresh() {
    if command -v "$1" >/dev/null 2>&1; then "$@" >/dev/null 2>&1 || :; fi
}
refresh update-mime-database "$prefix/share/mime"
refresh update-desktop-database "$prefix/share/applications"
rm -rf "$target"

echo "PlanetView is removed. Your studies are where you saved them. These folders hold settings, weights and caches;"
echo "delete them if you want nothing to stay:"
echo "  ${XDG_CONFIG_HOME:-$HOME/.config}/planetview  ${XDG_DATA_HOME:-$HOME/.local/share}/planetview"
echo "  ${XDG_CACHE_HOME:-$HOME/.cache}/planetview  ${XDG_STATE_HOME:-$HOME/.local/state}/planetview"
