// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <vitscape/study/page/phrases.hpp>

// The tables of a study besides its measures in Japanese: baselines, stability, what pre-training pays, blocks.

namespace vitscape::detail {

inline constexpr auto japanese_tables = std::to_array<Phrase>({
    {"random encoder, linear probe", "ランダム初期化エンコーダ、線形プローブ"},
    {"raw pixels, linear probe", "生画素、線形プローブ"},

    {"Stability", "安定性"},
    {"How far one may rely on a single training: means over the trainings of a method unless a row says "
     "otherwise.",
     "1 回の学習結果をどこまで信頼できるか。断りのない行は、手法ごとの学習についての平均。"},
    {"spread of the accuracy over seeds", "正解率のシード間のばらつき"},
    {"of a linear probe of all labels, on held-out images", "全ラベルの線形プローブ、評価用画像での値"},
    {"standard deviation, of a linear probe of all labels, on held-out images",
     "標準偏差。全ラベルの線形プローブ、評価用画像での値"},
    {"accuracy of the worst seed", "最低のシードの正解率"},
    {"disagreement between trainings", "学習間の予測の不一致率"},
    {"held-out images to which the probes of two seeds give different classes",
     "2 つのシードのプローブが異なるクラスと答えた評価用画像の割合"},
    {"accuracy kept after rounding the weights to 8-bit integers",
     "重みを 8 ビット整数に丸めた後に保たれる正解率"},
    {"relative to that before", "丸める前に対する比"},
    {"accuracy kept under the worst corruption", "最も影響の大きい画像劣化で保たれる正解率"},
    {"relative to that of clean images", "元画像に対する比"},
    {"seed {n}", "シード {1}"},
    {"{n} pairs", "{1} 組"},
    {"{n} pair", "{1} 組"},

    {"Does pre-training pay?", "事前学習の費用対効果"},
    {"Means over the trainings of a method. Time is that of training alone on one machine, from steps of "
     "all "
     "methods in turn.",
     "手法ごとの学習についての平均。時間は1 台の計算機での学習のみの時間（全手法のステップを交互に計測）。"},
    {"Means over the trainings of a method. Time is that of training alone on one machine, from steps of "
     "all "
     "methods in turn. Fine-tuning and "
     "training from scratch have the same number of labels, and the latter the time of pre-training and "
     "fine-tuning together.",
     "手法ごとの学習についての平均。時間は1 台の計算機での学習のみの時間（全手法のステップを交互に計測）。"
     "ファインチューニングとスクラッチ学習"
     "のラベル数は同じで、スクラッチ学習の時間は事前学習とファインチューニングの合計。"},
    // in reports of earlier versions
    {"Means over the trainings of a method. Time is that of training alone on this machine, from steps of "
     "all "
     "methods in turn.",
     "手法ごとの学習についての平均。時間はこの計算機での学習のみの時間（全手法のステップを交互に計測）。"},
    {"Means over the trainings of a method. Time is that of training alone on this machine, from steps of "
     "all "
     "methods in turn. Fine-tuning and "
     "training from scratch have the same number of labels, and the latter the time of pre-training and "
     "fine-tuning together.",
     "手法ごとの学習についての平均。時間はこの計算機での学習のみの時間（全手法のステップを交互に計測）。"
     "ファインチューニングとスクラッチ学習"
     "のラベル数は同じで、スクラッチ学習の時間は事前学習とファインチューニングの合計。"},
    {"hours of training", "学習時間（時間）"},
    {"minutes of training", "学習時間（分）"},
    {"price {n}", "費用 {1}"},
    {"hours until the linear probe reaches {n} %", "線形プローブが {1}\u00a0% に達するまでの時間"},
    {"minutes until the linear probe reaches {n} %", "線形プローブが {1}\u00a0% に達するまでの時間（分）"},
    {"what every training reaches of a method that learned", "学習できた手法の全学習が達する正解率"},
    {"not reached by every training", "達しない学習あり"},
    {"time of classifying an image", "画像 1 枚の分類時間"},
    {"by encoder and head: what a method has for its training alone, a teacher or a decoder, is no part of "
     "it",
     "エンコーダとヘッドによる時間。教師やデコーダのように学習にだけ用いるものは含まない"},
    {"gain of fine-tuning over training from scratch with {n} % of the labels",
     "スクラッチ学習に対するファインチューニングの向上（ラベル {1}\u00a0%）"},
    {"accuracy on held-out images, in the same total time; below it both",
     "同じ合計時間での評価用画像の正解率の差。下段は両者の値"},
    {"{n} against {n}", "{1} 対 {2}"},
    {"labels saved by pre-training", "事前学習で節約できるラベル"},
    {"fine-tuning with the rest reaches what training from scratch reaches with all, in the same total time",
     "残りのラベルでのファインチューニングが、同じ合計時間の全ラベルのスクラッチ学習に並ぶ"},
    {"at least", "少なくとも"},
    {"none: it does not get there", "なし（並ばない）"},

    {"Curvature by blocks of parameters", "パラメータブロックごとの曲率"},
    {"{}: mean eigenvalue of the Hessian's diagonal block, its trace divided by its size, the mean over the "
     "trainings; below it the smallest and the largest eigenvalue found in any of them, bounds of the ends "
     "from inside",
     "{1}: ヘッセ行列の対角ブロックの平均固有値（トレース / "
     "次元）の学習間平均。下段は、いずれかの学習で見つかった最小・最大の固有値（両端の内側からの評価）"},
    {"embeddings", "埋め込み (embeddings)"},
    {"decoder", "デコーダ (decoder)"},
    {"norm", "最終正規化層 (norm)"},
    {"head", "分類ヘッド (head)"},
    {"blocks.{n}", "Transformer ブロック (blocks.{1})"},
    {"decoder_blocks.{n}", "デコーダブロック (decoder_blocks.{1})"},
});

}  // namespace vitscape::detail
