// SPDX-License-Identifier: Apache-2.0
#pragma once

/// All of vitscape that needs Eigen and xtensor alone; where nlohmann-json was found (VITSCAPE_HAS_JSON) also the
/// files: checkpoints, surfaces and figures; for a CUDA compiler also the backend on devices. Thrust on processors, alignment (dlib), several
/// processes and whole studies (study/comparison.hpp) are asked for by their own headers.
#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/core/bootstrap.hpp>
#include <vitscape/core/bounded_interval.hpp>
#include <vitscape/core/kendall.hpp>
#include <vitscape/core/mean_difference.hpp>
#include <vitscape/core/multiple_tests.hpp>
#include <vitscape/core/power.hpp>
#include <vitscape/core/rank_correlation.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/core/student.hpp>
#include <vitscape/core/variance_components.hpp>
#include <vitscape/core/version.hpp>
#include <vitscape/curvature/block.hpp>
#include <vitscape/curvature/gauss_newton.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/spectral_density.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/data/open_dataset.hpp>
#include <vitscape/landscape/adaptive.hpp>
#include <vitscape/landscape/adaptive_bound.hpp>
#include <vitscape/landscape/adaptive_sharpness.hpp>
#include <vitscape/landscape/convex_region.hpp>
#include <vitscape/landscape/critical_sharpness.hpp>
#include <vitscape/landscape/derivative_direction.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/flatness.hpp>
#include <vitscape/landscape/level_radius.hpp>
#include <vitscape/landscape/loss_barrier.hpp>
#include <vitscape/landscape/merge_tree.hpp>
#include <vitscape/landscape/mode_connectivity.hpp>
#include <vitscape/landscape/model_plane.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/part.hpp>
#include <vitscape/landscape/point_eigenvalues.hpp>
#include <vitscape/landscape/point_norms.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/quotient_sharpness.hpp>
#include <vitscape/landscape/smoothness.hpp>
#include <vitscape/landscape/trajectory.hpp>
#include <vitscape/landscape/volume_projector.hpp>
#include <vitscape/landscape/weight_noise.hpp>
#include <vitscape/methods/any_masking.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/recipe.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/nn/transfer.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/optim/lars.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/optim/sgd.hpp>
#include <vitscape/probe/linear_probe.hpp>
#include <vitscape/probe/nearest_neighbours.hpp>
#include <vitscape/probe/point_measures.hpp>
#include <vitscape/train/callbacks.hpp>
#include <vitscape/train/tensorboard_log.hpp>
#include <vitscape/train/trainer.hpp>

#if defined(__CUDACC__)
#include <vitscape/backend/thrust/thrust.hpp>
#endif

#if defined(VITSCAPE_HAS_JSON)
#include <vitscape/io/published/checkpoint.hpp>
#include <vitscape/io/published/export.hpp>
#include <vitscape/landscape/adaptive_io.hpp>
#include <vitscape/landscape/direction_file.hpp>
#include <vitscape/landscape/merge_tree_io.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/landscape/volume_io.hpp>
#include <vitscape/report/figures.hpp>
#include <vitscape/report/persistence_figure.hpp>
#include <vitscape/report/surface_page.hpp>
#include <vitscape/report/volume_figure.hpp>
#include <vitscape/train/checkpointing.hpp>
#endif
