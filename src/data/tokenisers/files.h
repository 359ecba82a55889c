/* The files that tokenisers come in: one row a kind. Only src/data/tokenisers includes this. */
#ifndef PLATEAU_DATA_TOKENISERS_FILES_H
#define PLATEAU_DATA_TOKENISERS_FILES_H

#include "data/tokenisers/tokeniser.h"

struct tokeniser_file {
    bool (*is)(const char *bytes, size_t n);
    /* Tokens and merges of the n >= 1 bytes; a '\0' stands after them. What it allocates is at most so many times n. */
    enum status (*read)(struct tokeniser *t, const char *bytes, size_t n, struct err *err);
};

extern const struct tokeniser_file tokeniser_file_json, tokeniser_file_llmc, tokeniser_file_ranks;

/* The character that stands for a byte in a byte-level vocabulary (GPT-2's bytes_to_unicode): itself where it is visible in
 * Latin 1, else the next free one from U+0100 on. And back; -1: it stands for none. */
unsigned bytelevel_char(unsigned char byte);
int bytelevel_byte(unsigned character);
/* The place of a byte when all are sorted by their characters: GPT-2's own numbers of bytes. */
int bytelevel_place(unsigned char byte);

#endif
