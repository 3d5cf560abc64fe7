// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <vitscape/study/page/phrases.hpp>

// What the study says of its methods and claims, in Japanese: who learned, what was judged and why, and its notes.

namespace vitscape::detail {

inline constexpr auto japanese_sentences = std::to_array<Phrase>({
    {"{t}; {t}", "{1}。{2}"},  // before patterns that begin with a place
    {"Supervised ViT", "教師あり ViT"},
    {"Supervised ViT ({})", "教師あり ViT（{1}）"},
    {"An EMA teacher", "EMA 教師"},
    {"Compared: {l} on {n} training images, measured on {n} held-out images.",
     "比較対象: {1}。学習画像 {2} 枚、評価用画像 {3} 枚。"},
    {"Compared: {l} on {n} training images.", "比較対象: {1}。学習画像 {2} 枚。"},
    {"Compared: {l}.", "比較対象: {1}。"},
    {"Of {n} claims put to the test: {l}.", "検証した主張 {1} 件: {2}。"},
    {"Of {n} claim put to the test: {l}.", "検証した主張 {1} 件: {2}。"},
    {"<strong>{n} {t}</strong>", "<strong>{2} {1} 件</strong>"},
    {"<strong>{}</strong> <strong>learned nothing here</strong>: {}. Claims about it are not judged, and its "
     "surfaces and flatness say nothing about the method.",
     "<strong>{1}</strong> <strong>は学習できていません</strong>: "
     "{2}。この手法に関する主張は判定せず、その損失地形と平坦さは手法の性質を示しません。"},
    {"<strong>{}</strong> <strong>does no better here than without training</strong>: {}. Its surfaces and "
     "flatness on these images say nothing about it.",
     "<strong>{1}</strong> <strong>はこの画像では学習なしと変わりません</strong>: "
     "{2}。この画像での損失地形と平坦さは、このモデルの性質を示しません。"},
    {", not trained, as a control", "（学習しない対照）"},
    {", given, not trained here", "（ここでは学習していない既存モデル）"},
    {"A given model was not trained here: it has one set of weights, and other seeds change its probes and "
     "fine-tunings alone. Its errors are over these and over planes, rays, draws or images; they say nothing "
     "of other trainings, so it has no interval and no claim is tested with it.",
     "既存モデルはここで学習したものではなく、重みは 1 "
     "組しかありません。シードによって変わるのはプローブとファインチューニングだけです。誤差はこれらと平面、"
     "半直線、抽選、画像についてのもので、別の学習については何も示しません。そのため信頼区間はなく、主張の検"
     "証にも用いません。"},
    {"{} differs in architecture, masks or targets from {l}: their losses have other scales, and their "
     "numbers of parameters differ.",
     "{1} は {2} "
     "と構造、マスク、または予測対象が異なります。損失の尺度とパラメータ数が異なることに注意してください。"},
    {"there are no trainings to test it over ({})", "検証に必要な複数の学習がない（{1}）"},
    {"given, one set of weights", "重みが 1 組だけの既存モデル"},
    {"{t} of the held-out images by a linear probe", "評価用画像の正解率 {1}（線形プローブ）"},
    {"{t} by its own head", "{1}（自身のヘッド）"},
    {"For comparison", "比較対象"},
    {"chance: {n}\u00a0%", "チャンスレベル {1}\u00a0%"},
    {"raw pixels: {t}", "生画素 {1}"},
    {"random encoder: {t}", "ランダム初期化エンコーダ {1}"},
    {"own head of {}: {t}", "{1} の自身のヘッド {2}"},
    {"Its training had not ended: {}.", "学習は収束していません: {1}。"},
    {"its loss, {n} with seed {n}, is not below that of the best constant prediction, {n}",
     "シード {2} の損失 {1} が、最良の定数予測の損失 {3} を下回っていない"},
    {"its linear probe's accuracy (95 % interval {t}) is not above that of {t} ({t})",
     "線形プローブの正解率（95\u00a0% 信頼区間 {1}）が{2}（{3}）を上回っていない"},
    {"a random encoder", "ランダム初期化エンコーダ"},
    {"raw pixels", "生画素"},
    {"it was not trained, as a control", "学習しない対照"},
    {"it is not known how its loss fell at the end", "終盤の損失の低下が不明"},
    {"over the last tenth of its epochs the loss still fell by {n} % of the gain",
     "最後の 1/10 のエポックで損失がなお利得の {1}\u00a0% 低下"},
    {"the gradient at the solution has {n} % of its norm at the start",
     "解での勾配ノルムが開始時の {1}\u00a0%"},

    {"{} widens the minimum of the reconstruction error", "{1}は再構成誤差の極小を広げる"},
    {"{} widens the convex region of the reconstruction error", "{1}は再構成誤差の凸領域を広げる"},
    {"{} widens the convex region of the linear-probing loss", "{1}は線形プローブの損失の凸領域を広げる"},
    {"{} speeds up convergence: a smaller area under the curve of the reconstruction error",
     "{1}は収束を速める: 再構成誤差の曲線下面積が小さい"},
    {"{} improves the linear probe", "{1}は線形プローブの正解率を高める"},
    {"{} makes a training step this many times as long", "{1}による学習 1 ステップの時間の比"},
    {"MAE's loss surface is smoother than {}", "MAE の損失曲面は{1}より滑らか"},
    {"MAE's minimum is wider than {}", "MAE の極小は{1}より広い"},
    {"MAE's convex region is wider than {}", "MAE の凸領域は{1}より広い"},
    {"the supervised one", "教師あり学習"},
    {"that of {}", "{1} "},
    {"Pre-training pays: fine-tuned with 10 % of the labels, MAE is above supervised training from scratch "
     "in the same total time",
     "事前学習は引き合う: ラベル 10\u00a0% でファインチューニングした MAE "
     "は、同じ合計時間の教師ありスクラッチ学習を上回る"},
    {"{}, and arXiv {}", "{1}、arXiv {2}"},
    {"the two losses are of different kinds, a squared error and a cross entropy, so a difference need not "
     "come from self-supervision; a supervised method trained by a squared error is the control",
     "2 "
     "つの損失は二乗誤差と交差エントロピーで種類が異なり、差は自己教師ありによるとは限らない。二乗誤差で学習"
     "した教師あり手法が対照となる"},
    {"training from scratch has the study's learning rate, augmentation and weight decay, which may not be "
     "the best for it",
     "スクラッチ学習の学習率、データ拡張、重み減衰は本実験と共通で、最良とは限らない"},
    {"a single seed has no interval", "シードが 1 つのため信頼区間なし"},
    {"some runs have no such number", "値のない学習がある"},
    {"nothing was learned here ({})", "学習できていない（{1}）"},
    {"training had not ended ({})", "学習が収束していない（{1}）"},
    {"{}, which was not trained, has {n}", "学習していない {1} の値は {2}"},
    {"by {} normalization of the directions it would be {t}", "方向を {1} で正規化した場合の判定は「{2}」"},
    {"p: {n}, adjusted: {n}", "p = {1}、補正後 {2}"},
    {"about {n} seeds would decide", "約 {1} シードで判定可能"},
    {"unpaired: {n} ({n} to {n})", "対応なし: {1}（{2}〜{3}）"},
    {"unpaired: {n}", "対応なし: {1}"},
    {"also {}: {n} ({n} to {n})", "参考 — {1}: {2}（{3}〜{4}）"},
    {"also {}: {n}", "参考 — {1}: {2}"},
    {"{t}: {} minus {}", "{1}: {2} − {3}"},
    {"{t}: {} over {}", "{1}: {2} / {3}"},
    {"{}: {} minus {}", "{1}: {2} − {3}"},
    {"{}: {} over {}", "{1}: {2} / {3}"},

    {"Intervals are 95 % intervals of the mean over seeds (Student), none for fewer than three runs; "
     "standard errors of one run are over its planes, rays, draws or images. Differences between methods are "
     "paired by seed: both were trained from the same seeds on the same images in the same order.",
     "信頼区間はシード間の平均の 95\u00a0% 信頼区間（Student の t 分布）で、学習が 3 "
     "回未満の場合はありません。1 "
     "回の学習の標準誤差は、その平面、半直線、抽選、画像についてのものです。手法間の差はシードごとに対応づけ"
     "ています。両者は同じシード、同じ画像、同じ順序で学習しています。"},
    {"Autoencoders are compared by their reconstruction error alone. The losses of different methods may be "
     "different quantities, such as a squared error and a cross entropy: rises are relative to what training "
     "gained, the loss of the best constant prediction minus that at the solution. Eigenvalues and traces "
     "keep the loss's own scale.",
     "オートエンコーダは再構成誤差のみで比較します。損失は二乗誤差と交差エントロピーのように手法によって異な"
     "る量であり得るため、上昇量は学習の利得（最良の定数予測の損失から解での損失を引いた値）に対する比で示し"
     "ます。固有値とトレースは損失の単位のままです。"},
    {"The classification loss is the cross entropy of the encoder and a linear head: its own for a "
     "classifier, whose training loss this is, and the probe's for all others.",
     "分類損失は、エンコーダと線形ヘッドの交差エントロピーです。ヘッドは、分類器では自身のもの（学習損失と同"
     "じ）、その他の手法ではプローブのものです。"},
    {"The images have no classes: probes, accuracies and the classification loss are left out.",
     "画像にクラスがないため、プローブ、正解率、分類損失はありません。"},
    {"A share of the training images is taken from the classes in turn: a smaller one is part of a larger "
     "one, and losses are measured over the same images in each. A wrong label is that of another class, "
     "drawn uniformly; held-out labels are true, accuracies on training images are by the labels that were "
     "learned.",
     "学習画像の一部を用いる場合は各クラスから順に選び、小さい割合の画像は大きい割合の画像に含まれます。損失"
     "はどの割合でも同じ画像で測定します。誤ラベルは他クラスから一様に選んだものです。評価用画像のラベルは正"
     "しく、学習画像の正解率は学習に用いたラベルに対する値です。"},
    {"The convex region is the part of the plane around the centre where the exact 2 x 2 Hessian has no "
     "negative eigenvalue, as far as it is seen from there: its edge is the nearest point of each ray where "
     "one is negative. Random planes see little but the average curvature; the plane of the extreme "
     "eigenvectors is the other end.",
     "凸領域は、中心の周りで厳密な 2 x 2 "
     "ヘッセ行列が負の固有値を持たない部分のうち、中心から見通せる範囲です。境界は、各半直線上で固有値が負に"
     "なる最も近い点です。ランダムな平面に現れるのはほぼ平均的な曲率のみで、最大・最小固有値の固有ベクトルが"
     "張る平面はその対極にあたります。"},
    {"Planes are spanned by filter-normalized Gaussian directions of the same seeds for all methods.",
     "平面は、全手法で同じシードのガウス乱数をフィルタ正規化した 2 方向が張ります。"},
    {"Losses of surfaces are over training images, without augmentation, with fixed masks.",
     "損失曲面の損失は学習画像についてのもので、データ拡張なし、マスク固定です。"},
});

/// Titles with what they do not have of the images, and what is put together of two texts.
inline constexpr auto japanese_titles = std::to_array<Phrase>({
    {"{} (not trained)", "{1}（学習なし）"},
    {"{} (given)", "{1}（既存モデル）"},
    {"{} (one model)", "{1}（モデル 1 つ）"},
    {"{}, {n} % of the images, {n} % of the labels wrong", "{1}、画像 {2}\u00a0%、誤ラベル {3}\u00a0%"},
    {"{}, {n} % of the images", "{1}、画像 {2}\u00a0%"},
    {"{}, {n} % of the labels wrong", "{1}、誤ラベル {2}\u00a0%"},
    {"{n} % of the images", "画像 {1}\u00a0%"},
    {"{n} % of the labels wrong", "誤ラベル {1}\u00a0%"},
    {"<strong>{}</strong>", "<strong>{1}</strong>"},
    {"{}: {t}", "{1}: {2}"},
    {"{} ({n} runs)", "{1}（学習 {2} 回）"},
    {"{} ({n} run)", "{1}（学習 {2} 回）"},
    {"{t}, {}", "{1}、{2}"},
});

}  // namespace vitscape::detail
