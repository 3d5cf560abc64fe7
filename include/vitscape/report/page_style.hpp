// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace vitscape::detail {

/// The style of pages: dark on light, from 320 pixels upwards, and on paper.
inline constexpr std::string_view page_style = R"css(
:root { --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --shade: #f6f8fa; --link: #0550ae; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; color: var(--ink); background: #fff; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
html:lang(ja) body { font-family: "Hiragino Sans", "Hiragino Kaku Gothic ProN", "Noto Sans JP", "Noto Sans CJK JP",
  "Yu Gothic UI", Meiryo, sans-serif; line-break: strict; }
main, header, footer { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.35rem; margin: 2.8rem 0 .6rem; padding-top: .7rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.08rem; margin: 1.6rem 0 .4rem; }
p, ul { margin: .5rem 0; max-width: 76ch; }
li { margin: .2rem 0; }
a { color: var(--link); }
:focus-visible { outline: 3px solid #bf8700; outline-offset: 2px; }
.soft, figcaption { color: var(--soft); font-size: .88rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: 0; list-style: none; max-width: none; }
.summary { background: var(--shade); border: 1px solid var(--line); border-radius: 8px; padding: .6rem 1.1rem 1rem;
  margin-top: 1rem; }
.summary h2 { border: 0; margin: .2rem 0; padding: 0; }
.scroll { overflow-x: auto; max-width: 100%; margin: .5rem 0 1rem; border: 1px solid var(--line); border-radius: 6px;
  background: #fff; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
.table { margin: .6rem 0 1.2rem; }
.table .scroll { margin: .3rem 0 0; }
th, td { padding: .45rem .7rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; background: var(--shade); vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 12rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
td small { display: block; white-space: normal; color: var(--soft); font-size: .8rem; }
th small { display: block; color: var(--soft); font-weight: 400; font-size: .82rem; }
td.wide + td.number + td.wide { min-width: 15rem; }
.verdict { white-space: nowrap; font-weight: 600; }
.holds { color: #116329; }
.fails { color: #a40e26; }
.undecided { color: #6b5300; }
.warning { border-left: 4px solid #a40e26; background: #fff1f0; padding: .5rem .8rem; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em; }
figure { margin: 0; min-width: 0; }
figure img { width: 100%; height: auto; display: block; }
.wide-figure img { min-width: 720px; }
.examples { display: grid; gap: 0 24px; grid-template-columns: repeat(auto-fit, minmax(min(100%,
  142px * var(--views, 4) - 8px), 1fr)); }
.panels { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(100%, max(320px,
  100% / var(--columns, 3) - 12px)), 1fr)); }
.panel { border: 1px solid var(--line); border-radius: 6px; padding: 6px 6px 8px; background: #fff; }
.panel strong { display: block; padding: 2px 6px; }
.panel figcaption { padding: 2px 6px 0; }
.surface, .contour { height: 330px; overflow: hidden; }
.chart { height: 380px; overflow: hidden; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; align-items: center; margin: .6rem 0; font-size: .92rem; }
.controls button { font: inherit; padding: .25rem .7rem; border: 1px solid #8c959f; border-radius: 6px; background: #fff;
  color: inherit; cursor: pointer; }
.controls button:hover { background: var(--shade); }
.controls fieldset { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem .9rem; }
.controls legend { float: left; padding: 0; margin-right: .6rem; }
.scale { position: relative; height: 46px; margin: .4rem 22px .8rem; max-width: 640px; font-size: .82rem; }
.scale .bar { height: 16px; border: 1px solid #57606a; background: linear-gradient(90deg, #440154, #482475, #414487,
  #355f8d, #2a788e, #21918c, #22a884, #44bf70, #7ad151, #bddf26, #fde725); print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
.scale span { position: absolute; top: 16px; transform: translateX(-50%); border-left: 0; white-space: nowrap; }
.scale span::before { content: ""; display: block; width: 1px; height: 5px; background: #57606a; margin: 0 auto; }
.scale.off { opacity: .35; }
.views { display: flex; flex-wrap: wrap; gap: 10px; margin: .3rem 0 1rem; }
.views figure { width: 132px; }
.views canvas { width: 128px; height: 128px; image-rendering: pixelated; border: 1px solid var(--line); display: block; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .25rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); }
pre { margin: 0; padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .88rem; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
footer { margin-top: 3rem; padding-bottom: 2rem; }
@media (max-width: 600px) {
  main, header, footer { padding-left: 12px; padding-right: 12px; }
  h1 { font-size: 1.5rem; }
  .summary { padding: .5rem .8rem .8rem; }
  .surface, .contour { height: 300px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .4rem; }
}
/* Each row of a table is a block: its head, then its cells, each beside the title of its column. */
@media screen and (max-width: 760px) {
  table, tbody, tr, tbody th, td { display: block; }
  thead { display: none; }
  tbody tr { border-top: 1px solid var(--line); padding: .35rem 0; }
  tbody tr:first-child { border-top: 0; }
  tbody th, td, td.wide + td.number + td.wide { border: 0; min-width: 0; padding: .15rem .7rem; }
  td { display: flow-root; }
  td.number { white-space: normal; }
  td::before { content: attr(data-label); float: left; max-width: 52%; padding-right: .8rem; text-align: left;
    color: var(--soft); }
  td.wide::before { float: none; display: block; max-width: none; font-size: .82rem; }
}
@media print {
  body { font-size: 10pt; }
  nav, .controls { display: none; }
  .scroll { overflow: visible; border: 0; }
  .panels { grid-template-columns: repeat(var(--columns, 3), 1fr); }
  figure, tr, .panel, .summary { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
)css";

}  // namespace vitscape::detail
