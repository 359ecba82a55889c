/* Text for people: lines that fit where they are read. */
#ifndef PLATEAU_CLI_TEXT_H
#define PLATEAU_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

enum { TEXT_WIDTH_MAX = 100 };

/* Columns to use: the terminal's where `out` is one, else what COLUMNS says, else `otherwise`; from 20 to
 * TEXT_WIDTH_MAX, beyond which lines are tiring to read. */
size_t text_width(FILE *out, size_t otherwise);

/* Whether a file's name ends so, and has more in front. */
bool text_ends_with(const char *name, const char *end);

/* A terminal on which a line can be written over. */
bool text_is_terminal(int fd);

/* Print text broken at blanks so that no line is wider than width where words allow. The first line starts at
 * column `at` (what stands there has been printed), the others are indented by `indent`. A newline in the text is
 * a blank, two end a paragraph; several blanks, as in a file's name, stay. Ends with a newline. */
void text_wrap(FILE *out, size_t width, size_t at, size_t indent, const char *text);

/* The same after `lead` where a person reads it, at a terminal's width. One line where a program does: nothing says how
 * wide the output is. */
void text_message(FILE *out, const char *lead, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* "careful: " and a text beside it, broken where the terminal ends. */
void text_beside(FILE *out, const char *lead, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What teachers cost (train.teacher): their forward passes, at most in a run, and their own training; a line beside others,
 * nothing where most_flops is NaN. */
void text_teacher(FILE *out, double most_flops, double train_flops);

#endif
