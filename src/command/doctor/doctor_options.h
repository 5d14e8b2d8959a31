/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The options of doctor: only the form of its output.
 */
#include "options.h"

struct argp;

extern const struct argp doctor_argp;
