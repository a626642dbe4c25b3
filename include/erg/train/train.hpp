// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// All of training. The umbrella erg/erg.hpp leaves it out, as it does networks (erg/nn/layers.hpp) and flows (erg/flow/flows.hpp).

#include "erg/train/augment_images.hpp"
#include "erg/train/deploy.hpp"
#include "erg/train/draws.hpp"
#include "erg/train/generator_teacher.hpp"
#include "erg/train/geometry_log.hpp"
#include "erg/train/gradient_penalty.hpp"
#include "erg/train/labels.hpp"
#include "erg/train/latent_teacher.hpp"
#include "erg/train/monitor.hpp"
#include "erg/train/revision.hpp"
#include "erg/train/sampler_kl.hpp"
#include "erg/train/table.hpp"
#include "erg/train/terms.hpp"
#include "erg/train/trainer.hpp"
#include "erg/train/virtual_adversarial.hpp"
#include "erg/train/watchdog.hpp"
