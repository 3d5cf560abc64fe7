// SPDX-License-Identifier: Apache-2.0
//
// The default measures of studies. A new measure is its header and one line here.
#pragma once

#include <tuple>

#include <vitscape/study/measures/accuracy.hpp>
#include <vitscape/study/measures/adaptive_sharpness.hpp>
#include <vitscape/study/measures/block_spectrum.hpp>
#include <vitscape/study/measures/convergence.hpp>
#include <vitscape/study/measures/convex_region.hpp>
#include <vitscape/study/measures/cost.hpp>
#include <vitscape/study/measures/curvature.hpp>
#include <vitscape/study/measures/extreme_plane.hpp>
#include <vitscape/study/measures/fine_tuning.hpp>
#include <vitscape/study/measures/half_gain.hpp>
#include <vitscape/study/measures/perturbation.hpp>
#include <vitscape/study/measures/robustness.hpp>
#include <vitscape/study/measures/rounding.hpp>
#include <vitscape/study/measures/spectrum.hpp>
#include <vitscape/study/measures/stability.hpp>
#include <vitscape/study/measures/surface.hpp>

namespace vitscape {

/// In the order of the report.
using UsualMeasures = std::tuple<AccuracyMeasure,           //
                                 StabilityMeasure,          //
                                 FineTuningMeasure,         //
                                 ConvergenceMeasure,        //
                                 EigenvalueMeasure,         //
                                 TraceMeasure,              //
                                 SpectrumMeasure,           //
                                 BlockSpectrumMeasure,      //
                                 HalfGainMeasure,           //
                                 SurfaceMeasure,            //
                                 ConvexRegionMeasure,       //
                                 ExtremePlaneMeasure,       //
                                 SharpnessMeasure,          //
                                 AdaptiveSharpnessMeasure,  //
                                 WeightNoiseMeasure,        //
                                 RobustnessMeasure,         //
                                 RoundingMeasure,           //
                                 PaceMeasure,               //
                                 InferenceMeasure,          //
                                 TrainingCostMeasure>;

}  // namespace vitscape
