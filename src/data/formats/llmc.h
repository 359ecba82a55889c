/* Numbers of llm.c's files of tokens (dev/data/data_common.py there): 256 int32 in front, of which the first three are the
 * magic, the version and how many tokens follow. */
#ifndef PLATEAU_DATA_FORMATS_LLMC_H
#define PLATEAU_DATA_FORMATS_LLMC_H

enum {
    LLMC_HEADER_BYTES = 1024,
    LLMC_MAGIC_16 = 20240520, /* uint16, as GPT-2's tokens */
    LLMC_VERSION_16 = 1,
    LLMC_MAGIC_32 = 20240801, /* uint32, as Llama 3's */
    LLMC_VERSION_32 = 7,
    LLMC_MAGIC_WEIGHTS = 20240326,
    LLMC_MAGIC_STATE = 20240327,
    LLMC_MAGIC_TOKENISER = 20240328,
    LLMC_MAGIC_EVAL = 20240522,
};

#endif
