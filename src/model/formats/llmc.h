/* Weights of llm.c (Karpathy 2024, train_gpt2.py write_model): 256 int32 (magic 20240326, version, context, vocabulary, layers,
 * heads, width, padded vocabulary), then GPT-2's tensors, each of all layers one after the other, matrices as (out, in):
 * version 3 as float32, version 5 as bfloat16. The vocabulary is padded with rows of zeroes to a multiple of 128. */
#ifndef PLATEAU_MODEL_FORMATS_LLMC_H
#define PLATEAU_MODEL_FORMATS_LLMC_H

#include <stdio.h>

#include "model/formats/tensor_file.h"
#include "model/gpt.h"

bool llmc_is_one(const unsigned char *bytes, size_t n);
/* As safetensors_index, with GPT-2's names. */
enum status llmc_index(struct tensor_file *f, struct err *err) WARN_UNUSED;

/* E_CONFIG, naming the switch, where the format cannot hold the model: what GPT-2 has not, a hidden width that is not four times
 * the width, another activation, a head of its own. */
enum status llmc_check(const struct gpt_shape *s, struct err *err) WARN_UNUSED;
/* Version 3. */
enum status llmc_write(FILE *out, const char *path, const struct gpt *g, struct err *err) WARN_UNUSED;

#endif
