#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'EOF'
usage: scripts/check_report.sh PAGE.html [FOLDER]

Opens the page of a comparison in headless Chromium, 1280 and 400 pixels wide, and fails where not everything is drawn,
the console holds an error, the page is wider than the window, or, at 400 pixels, a table wider than the page. With a folder,
screenshots go there. Says "skipped" where Chromium is not installed.
EOF
}

case "${1:-}" in
    --help | -h) usage && exit 0 ;;
    '') usage >&2 && exit 2 ;;
esac
page="$(realpath "$1")"
[[ -s "$page" ]] || { echo "check_report.sh: no page $page" >&2 && exit 1; }
browser="$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)"
if [[ -z "$browser" ]]; then
    echo "skipped: no chromium"
    exit 0
fi

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
fail() { echo "FAILED at $width pixels: $1" && exit 1; }

# count ATTRIBUTE: elements that have it, in the page as it was written.
count() { { grep -oE "<[a-z]+ [^>]*\b$1=\"[0-9]+\"" "$page" || true; } | wc -l; }

address="file://$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$page" 2>/dev/null ||
    printf '%s' "$page")"
# A browser's window has a least width of its own, so the page is looked at through a frame, whose body's data is taken
# over when the page is ready.
look_through_frame() {
    cat <<EOF
<!DOCTYPE html><html><body style="margin:0"><iframe width="$1" height="$2" style="border:0" src="$address"></iframe><script>
const frame = document.querySelector("iframe");
const timer = setInterval(() => {
  const body = frame.contentDocument && frame.contentDocument.body;
  if (!body || !(body.dataset.ready || body.dataset.failed)) return;
  Object.assign(document.body.dataset, body.dataset, {width: frame.contentWindow.innerWidth});
  clearInterval(timer);
}, 100);
</script></body></html>
EOF
}

for width in 1280 400; do
    flags=(--headless --no-sandbox --disable-dev-shm-usage --hide-scrollbars --user-data-dir="$folder/profile"
        --use-angle=swiftshader --enable-unsafe-swiftshader --allow-file-access-from-files)
    look_through_frame "$width" 1600 >"$folder/frame.html"
    timeout 180 "$browser" "${flags[@]}" --window-size=1400,1700 --virtual-time-budget=60000 \
        --enable-logging=stderr --v=0 --dump-dom "file://$folder/frame.html" \
        >"$folder/dom" 2>"$folder/log" || fail "the browser ended with $?"
    # The browser's own advice on speed is no error; it writes all messages at one level.
    if grep 'CONSOLE' "$folder/log" | grep -vE 'GPU stall due to ReadPixels|willReadFrequently' >"$folder/console"; then
        cat "$folder/console"
        fail "there are messages in the console"
    fi
    body="$(grep -oE '<body [^>]*>' "$folder/dom" | head -n 1 || true)"
    shown() { grep -oE "data-$1=\"[^\"]*\"" <<<"$body" | cut -d '"' -f 2 || true; }
    [[ "$(shown width)" == "$width" && "$(shown ready)" == yes ]] || fail "the page's script did not come to its end: $body"
    [[ "$(shown overflow)" == 0 ]] || fail "the page is $(shown overflow) pixels wider than the window"
    ((width > 400)) || [[ "$(shown cut)" == 0 ]] || fail "$(shown cut) tables are cut and have to be scrolled sideways"
    images="$(count data-image)"
    [[ "$(shown images)" == "$images" ]] || fail "$(shown images) of $images images are drawn"
    for kind in surface contour chart; do  # a page without plotly.js has none of these
        wanted="$(count "data-$kind")"
        drawn="$(shown "${kind}s")"
        [[ "${drawn:-0}" == "$wanted" ]] || fail "${drawn:-0} of $wanted ${kind}s are drawn"
    done
    if [[ -n "${2:-}" ]]; then
        mkdir -p "$2"
        look_through_frame "$width" 6000 >"$folder/frame.html"
        timeout 180 "$browser" "${flags[@]}" --window-size="$((width < 500 ? 500 : width)),6000" --timeout=25000 \
            --screenshot="$2/report-$width.png" "file://$folder/frame.html" >"$folder/log" 2>&1 || fail "no screenshot"
    fi
    echo "$width pixels: ${body//$'\n'/ }"
done
echo "the page is drawn"
