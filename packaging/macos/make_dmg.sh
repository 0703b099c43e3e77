#!/bin/bash
# Signs PlanetView.app, makes the disk image and has it notarised. Runs on macOS, after `build.py --formats none`.
#
#   packaging/macos/make_dmg.sh APP OUT.dmg
#
# SIGN_IDENTITY    "Developer ID Application: Name (TEAM)"; without it the signature is ad hoc: the program runs on this Mac,
#                  other Macs ask the user to allow it (docs/install.md says how)
# NOTARY_PROFILE   a profile of `xcrun notarytool store-credentials`; without it nothing is sent to Apple
set -euo pipefail

app=${1:?the built PlanetView.app}
image=${2:?the disk image to make}
identity=${SIGN_IDENTITY:--}
here=$(cd "$(dirname "$0")" && pwd)
options=(--force --sign "$identity")
if [ "$identity" != "-" ]; then options+=(--timestamp --options runtime); fi

# From the inside out: a signature covers those of what it contains.
find "$app/Contents" -type f \( -name '*.dylib' -o -name '*.so' \) -print0 | xargs -0 -n 32 codesign "${options[@]}"
find "$app/Contents" -type d -name '*.framework' -prune -print0 | xargs -0 -n 1 codesign "${options[@]}" 2>/dev/null || true
for program in planetview planetview-gui; do
    codesign "${options[@]}" --entitlements "$here/entitlements.plist" "$app/Contents/MacOS/$program"
done
codesign "${options[@]}" --entitlements "$here/entitlements.plist" "$app"
codesign --verify --deep --strict "$app"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R "$app" "$folder/"
ln -s /Applications "$folder/Applications"
rm -f "$image"
hdiutil create -volname PlanetView -srcfolder "$folder" -fs HFS+ -format UDZO -imagekey zlib-level=6 "$image"
if [ "$identity" != "-" ]; then codesign --force --timestamp --sign "$identity" "$image"; fi

if [ -n "${NOTARY_PROFILE:-}" ]; then
    xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
    spctl --assess --type open --context context:primary-signature --verbose "$image"
fi
hdiutil verify "$image"
