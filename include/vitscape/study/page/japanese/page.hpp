// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <vitscape/study/page/phrases.hpp>

// The page's own headings, captions, labels and buttons in Japanese.

namespace vitscape::detail {

inline constexpr auto japanese_page = std::to_array<Phrase>({
    {"A comparison of training methods", "学習手法の比較"},
    {"Loss landscapes compared", "損失地形の比較"},
    {"In short", "要約"},
    {"Sections", "目次"},
    {"Claims", "主張の検証"},
    {"Loss surfaces", "損失地形"},
    {"Slices", "断面"},
    {"Training", "学習曲線"},
    {"Spectra", "固有値スペクトル"},
    {"Reconstructions", "再構成画像"},
    {"All measures", "全指標"},
    {"Baselines", "ベースライン"},
    {"Flatness and accuracy", "平坦さと正解率"},
    {"Sources of error", "誤差の要因"},
    {"Notes", "注記"},
    {"How this was made", "実験条件"},
    {"Data", "データ"},
    {"Plan", "設定"},
    {"Written by {}.", "作成プログラム: {1}"},
    {"source", "画像"},
    {"test source", "評価用画像"},
    {"limit per class", "クラスごとの上限枚数"},
    {"training images", "学習画像数"},
    {"test images", "評価用画像数"},
    {"classes", "クラス"},
    {"given models", "既存モデル"},
    {"chance", "チャンスレベル"},
    {"The plots of this page need JavaScript; the tables do not.",
     "図の表示には JavaScript が必要です。表は JavaScript なしでも表示されます。"},

    {"Measure", "指標"},
    {"Claim", "主張"},
    {"Verdict", "判定"},
    {"Difference or ratio, 95 % interval", "差または比、95\u00a0% 信頼区間"},
    {"What the number is", "数値の内容"},
    {"no interval", "信頼区間なし"},
    {"not resolved", "分解能以下"},
    {"supported", "支持"},
    {"contradicted", "反証"},
    {"inconclusive", "判定保留"},
    {"not judged", "判定対象外"},
    {"measured", "測定値"},
    {"Features", "特徴量"},
    {"Top-1 accuracy, %", "top-1 正解率、%"},
    {"Correlation", "相関係数"},
    {"Runs", "学習回数"},
    {"Within methods", "手法内"},
    {"p, adjusted", "補正後の p"},
    {"Granulated", "Granulated 係数"},
    {"training seed", "学習シード"},
    {"masks", "マスク"},
    {"direction", "方向"},
    {"plane", "平面"},
    {"ray", "半直線"},
    {"images", "画像"},
    {"their interactions and the rest", "交互作用と残差"},
    {"{t}, %", "{1}、%"},
    {"from {n} degrees of freedom", "自由度 {1}"},
    {"{n} to {n}; n\u00a0=\u00a0{n}", "{1}〜{2}、n\u00a0=\u00a0{3}"},
    {"{n} to {n}", "{1}〜{2}"},
    {"n\u00a0=\u00a0{n} probes", "プローブ {1} 回"},
    {"one model", "モデル 1 つ"},
    {"at most {n} in size; one model", "絶対値 {1} 以下、モデル 1 つ"},
    {"at most {n} in size; n\u00a0=\u00a0{n} probes", "絶対値 {1} 以下、プローブ {2} 回"},
    {"at most {n} in size; n\u00a0=\u00a0{n}", "絶対値 {1} 以下、n\u00a0=\u00a0{2}"},
    {"at most {n} in size", "絶対値 {1} 以下"},
    {"{n} to {n}\u00a0%", "{1}〜{2}\u00a0%"},
    {"{n} to {n} %", "{1}〜{2}\u00a0%"},
    {"to", "〜"},

    {"a corner", "斜め"},
    {"the front", "正面"},
    {"above", "真上"},
    {"Turn one and all turn. Seen from:", "視点は全図で連動します。視点:"},
    {"Scale:", "目盛り:"},
    {"one for all", "全図共通"},
    {"each its own", "図ごと"},
    {"height", "高さ"},
    {"not finite", "有限でない"},
    {"The page draws {n} surfaces in 3-D.", "3 次元表示は {1} 面までです。"},
    {"{} around each solution", "{1}: 各解の周辺"},
    {"Colour and height of all: {}, logarithmic.", "色と高さ（全図共通）: {1}（対数目盛り）"},
    {"Colour and height of all: {}.", "色と高さ（全図共通）: {1}"},
    {"1 + (L − L(0)) / gain", "1 + (L − L(0)) / 利得"},
    {"distance α from the solution", "解からの距離 α"},
    {"epoch", "エポック"},
    {"eigenvalue / the largest in size", "固有値 / 絶対値最大の固有値"},
    {"density", "密度"},
    {"Hessian of the {}", "ヘッセ行列: {1}"},
    {"training loss, of different kinds", "学習損失（種類は手法ごとに異なる）"},
    {"mean training loss", "平均学習損失"},
    {"reconstruction error of held-out images", "評価用画像の再構成誤差"},
    {"mean reconstruction error", "平均再構成誤差"},
    {"k nearest neighbours of the features", "特徴量の k 近傍法"},
    {"linear probe of the features", "特徴量の線形プローブ"},
    {"top-1 accuracy", "top-1 正解率"},
    {"{t} (%)", "{1} (%)"},
    {"{t} against {t}", "{1}（横軸: {2}）"},
    {"{}: mean over {n} to {n} runs, band: 95 % interval",
     "{1}: 平均（学習 {2}〜{3} 回）、帯は 95\u00a0% 信頼区間"},
    {"{}: mean over {n} runs, band: 95 % interval", "{1}: 平均（学習 {2} 回）、帯は 95\u00a0% 信頼区間"},
    {"{}: mean over {n} runs", "{1}: 平均（学習 {2} 回）"},
    {"{}: mean over {n} to {n} runs", "{1}: 平均（学習 {2}〜{3} 回）"},
    {"{}: one run", "{1}: 学習 1 回"},
    {"{}: mean", "{1}: 平均"},
    {"{}: mean, band: 95 % interval", "{1}: 平均、帯は 95\u00a0% 信頼区間"},
    {"{}, {} along lines through the solution", "{1}、解を通る直線上の {2}"},
    {"over the epochs: {}", "エポックごとの推移: {1}"},
    {"{}, {} over the plane, in 3-D", "{1}、平面上の {2}、3 次元表示"},
    {"{}, {} over the plane, as contours", "{1}、平面上の {2}、等高線図"},
    {"{}: L(0) = {n}; on this plane heights go from {n} to {n}.",
     "{1}: L(0) = {2}、この平面での高さは {3}〜{4}"},
    {"L(0) = {n}; on this plane heights go from {n} to {n}. No outline: the {} is empty on this plane.",
     "L(0) = {1}、この平面での高さは {2}〜{3}。この平面に{4}はありません。"},
    {"L(0) = {n}; on this plane heights go from {n} to {n}. White outline: the {}, as far as it is seen from "
     "the centre.",
     "L(0) = {1}、この平面での高さは {2}〜{3}。白線: 中心から見通せる{4}。"},
    {"L(0) = {n}; on this plane heights go from {n} to {n}. White outline: the {}, as far as it is seen from "
     "the centre; at triangles it may go on.",
     "L(0) = {1}、この平面での高さは {2}〜{3}。白線: 中心から見通せる{4}（三角印の先まで続く可能性あり）。"},
    {"L(0) = {n}; on this plane heights go from {n} to {n}.", "L(0) = {1}、この平面での高さは {2}〜{3}。"},
    {"convex region", "凸領域"},
    {"image", "元画像"},
    {"visible patches", "可視パッチ"},
    {"visible to {}", "{1} の可視パッチ"},
    {"{}: image", "{1}: 元画像"},
    {"{}: visible patches", "{1}: 可視パッチ"},
    {"{}: visible to {}", "{1}: {2} の可視パッチ"},

    {"The main numbers: mean ± standard error over the n training runs; below it the 95 % interval.",
     "主な指標: 学習 n 回の平均 ± 標準誤差。下段は 95\u00a0% 信頼区間。"},
    {"{}: mean ± standard error; below it the 95 % interval and the number n of training runs.",
     "{1}: 平均 ± 標準誤差。下段は 95\u00a0% 信頼区間と学習回数 n。"},
    {"Each claim, its primary number, positive in its favour, and that number's 95 % interval below it. What "
     "is measured is a ratio and no test.",
     "各主張の主評価値（正なら主張に有利）と、その 95\u00a0% "
     "信頼区間。「測定値」は比であり、検定ではありません。"},
    {"Each claim has one primary number, which was written into the plan before any training; its difference "
     "is paired by seed. A claim is supported or contradicted where the p-value, adjusted for the number of "
     "claims (Holm), is below 0.05, otherwise inconclusive; the number of seeds that would decide it assumes "
     "that difference and spread stay as they are (power 80 %). Further numbers by which a claim may be read "
     "decide nothing.",
     "各主張の主評価値は 1 "
     "つで、学習前に計画へ記録されています。差はシードごとに対応づけて求めます。主張の数で補正した p "
     "値（Holm 法）が 0.05 "
     "を下回れば差の符号に応じて「支持」または「反証」、それ以外は「判定保留」です。判定に必要なシード数は、"
     "差とばらつきが変わらないと仮定した値です（検出力 80\u00a0%）。その他の数値は判定に用いません。"},
    {"What the same probe reaches without any pre-training; below it the 95 % interval.",
     "事前学習なしで同じプローブが達する正解率。下段は 95\u00a0% 信頼区間。"},
    {"Spearman's rank correlation with held-out accuracy over all runs; p: how often chance alone gives one "
     "of this size.",
     "全学習にわたる評価用画像の正解率との Spearman 順位相関。p は偶然だけでこの大きさになる確率。"},
    {"With {}: Kendall's rank correlation over runs of the same method, its p-value adjusted for the number "
     "of measures (Holm), and the granulated coefficient, over runs that differ in seed or method alone.",
     "「{1}」との相関: 同じ手法の学習間での Kendall 順位相関、指標の数で補正した p 値（Holm "
     "法）、シードまたは手法のみが異なる学習間での granulated 係数。"},
    {"Which part of the variance of a single number comes from the training seed, the draw of the masks, the "
     "direction and the images. A part estimated from few degrees of freedom, as from three seeds, is itself "
     "uncertain by a factor of several.",
     "1 回の測定値の分散のうち、学習シード、マスクの抽選、方向、画像それぞれに由来する割合。3 "
     "シードのように自由度が小さい場合、割合自体に数倍の不確かさがあります。"},
    {"The loss along random lines through the solution: 1 is the solution's, 2 that of the best constant "
     "prediction, where all that training gained is lost. A run's number is the mean over its lines; a wider "
     "band means that the runs differ more.",
     "解を通るランダムな直線上の損失。1 は解での損失、2 "
     "は最良の定数予測の損失で、学習の利得をすべて失った状態です。各学習の値は直線についての平均で、帯が広い"
     "ほど学習間の差が大きいことを示します。"},
    {"Lines are means over the training runs, bands go from the lowest to the highest run. The training "
     "losses of different methods are different quantities.",
     "線は学習についての平均、帯は最小から最大までの範囲です。学習損失は手法ごとに異なる量です。"},
    {"How many directions curve how much: the density of the Hessian's eigenvalues by stochastic Lanczos "
     "quadrature, smoothed by 2 % of the largest eigenvalue in size, of which all are shown as parts; the "
     "density is logarithmic, its integral 1. What lies left of 0 curves downwards.",
     "曲率の分布: "
     "確率的ランチョス求積によるヘッセ行列の固有値密度。固有値は絶対値最大の固有値に対する比で示し、その "
     "2\u00a0% の幅で平滑化しています。密度は対数目盛りで積分値は 1 です。0 "
     "より左は下に凸でない（負の曲率の）方向です。"},
    {"θ + α δ + β η: the solution θ at the centre (cross), moved along two random directions that are scaled "
     "like the weights. Losses of different kinds have different heights, so their rises are shown in units "
     "of what training gained: 1 is the loss at the solution, 2 that of the best constant prediction, where "
     "all is lost (or, where no gain is known, twice the solution's). Grey: the loss is not finite there.",
     "θ + α δ + β η: 中心（十字）の解 θ から、重みの大きさに合わせて正規化した 2 "
     "つのランダム方向へ動かした損失。損失の種類によって高さが異なるため、上昇量は学習の利得を単位として示し"
     "ます。1 は解での損失、2 "
     "は最良の定数予測の損失で、利得をすべて失った状態です（利得が不明な場合は解での損失の 2 "
     "倍）。灰色の部分では損失が有限ではありません。"},
});

}  // namespace vitscape::detail
