/* Bytes of text as they come, for a terminal or a pipe: whole characters alone. What is no UTF-8 is written as \xHH, and on a
 * terminal control characters, but for a new line and a tab, are made visible: they would move the cursor, or worse. */
#ifndef PLATEAU_CLI_SPEAK_H
#define PLATEAU_CLI_SPEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct speaker {
    FILE *out;
    bool terminal;
    unsigned char held[4]; /* the beginning of a character */
    size_t n;
};

void speak(struct speaker *s, const unsigned char *bytes, size_t n);
/* What is held back is no character: there is no more. */
void speak_end(struct speaker *s);

#endif
