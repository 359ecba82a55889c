/* The table of laws, in the order in which they are tried: the first that suits the runs is the usual one, and the
 * others replace it only where they do clearly better. Row NAME is struct law law_NAME of laws/NAME.c. */
#ifndef PLATEAU_FIT_LAWS_LAWS_H
#define PLATEAU_FIT_LAWS_LAWS_H

struct law;

#define LAWS(ROW)                                                                                                      \
    ROW(floor)                                                                                                         \
    ROW(power)                                                                                                         \
    ROW(bnsl)                                                                                                          \
    ROW(chinchilla)                                                                                                    \
    ROW(repeat)                                                                                                        \
    ROW(joint)

#define DECLARE(name) extern const struct law law_##name;
LAWS(DECLARE)
#undef DECLARE

#endif
