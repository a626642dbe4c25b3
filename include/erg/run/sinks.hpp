// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// All sinks.

#include "erg/run/sinks/trace.hpp"
