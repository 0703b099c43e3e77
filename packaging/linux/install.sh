#!/bin/sh
# Installs PlanetView for this user; as root with --prefix for everybody. Asks nothing, downloads nothing.
set -eu

usage() {
    cat <<'TEXT'
Usage: ./install.sh [--prefix FOLDER]

Installs PlanetView into FOLDER/lib/planetview, with links in FOLDER/bin, a menu entry and the
file type .planetview in FOLDER/share. FOLDER is ~/.local unless you name another one.
An earlier version in the same place is replaced. To remove it again: FOLDER/lib/planetview/uninstall.sh
TEXT
}

prefix="${HOME:?}/.local"
while [ $# -gt 0 ]; do
    case "$1" in
        --prefix) prefix="${2:?--prefix needs a folder}"; shift 2 ;;
        --prefix=*) prefix="${1#--prefix=}"; shift ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ -x "$here/planetview/planetview" ] || { echo "The program is not beside install.sh: unpack the whole archive." >&2; exit 1; }
mkdir -p "$prefix"
prefix=$(CDPATH='' cd -- "$prefix" && pwd)
target="$prefix/lib/planetview"
case "$here/" in "$target/"*) echo "This is the installed copy; run install.sh of the unpacked archive." >&2; exit 1 ;; esac
if [ -e "$target" ] && [ ! -x "$target/planetview" ]; then
    echo "$target exists and is not PlanetView: it is left alone." >&2
    exit 1
fi

# The new version is complete before the old one goes.
mkdir -p "$prefix/lib" "$prefix/bin" "$prefix/share/applications" "$prefix/share/mime/packages"
rm -rf "$target.new"
cp -R "$here/planetview" "$target.new"
cp "$here/uninstall.sh" "$target.new/uninstall.sh"
"$target.new/planetview" --version >/dev/null || {
    rm -rf "$target.new"
    echo "The program does not start on this computer; nothing was changed." >&2
    exit 1
}
rm -rf "$target"
mv "$target.new" "$target"

ln -sf "$target/planetview" "$prefix/bin/planetview"
ln -sf "$target/planetview-gui" "$prefix/bin/planetview-gui"
(cd "$here/share" && find icons -type f) | while IFS= read -r icon; do
    mkdir -p "$prefix/share/$(dirname "$icon")"
    cp "$here/share/$icon" "$prefix/share/$icon"
done
cp "$here/share/planetview.xml" "$prefix/share/mime/packages/planetview.xml"
# A menu does not search ~/.local/bin: the entry names the program by its whole path, quoted as the format asks.
quoted=$(printf '%s' "$target/planetview-gui" | sed -e 's/\\/\\\\\\\\/g' -e 's/["`$]/\\\\&/g' -e 's/%/%%/g')
{
    grep -v -e '^Exec=' -e '^TryExec=' "$here/share/planetview.desktop"
    printf 'Exec="%s" %%F\n' "$quoted"
} >"$prefix/share/applications/planetview.desktop"

refresh() {
    if command -v "$1" >/dev/null 2>&1; then "$@" >/dev/null 2>&1 || :; fi
}
refresh update-mime-database "$prefix/share/mime"
refresh update-desktop-database "$prefix/share/applications"
refresh gtk-update-icon-cache -q -t "$prefix/share/icons/hicolor"

echo "Installed $("$target/planetview" --version) in $target"
case ":${PATH}:" in
    *":$prefix/bin:"*) echo "Start it with: planetview-gui   (command line: planetview --help)" ;;
    *) echo "Start it from the menu, or with: $prefix/bin/planetview-gui" ;;
esac
