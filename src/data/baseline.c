#include "data/baseline.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

enum { V = 256 };

enum status baseline_bigram(double *nats, const unsigned char *train, size_t n_train,
                            const unsigned char *held, size_t n_held, struct err *err)
{
    size_t *count, row[V] = {0};
    CHECK(n_held >= 2);
    TRY(size_calloc(&count, V * V, sizeof *count, "bigram counts", err));
    for (size_t i = 1; i < n_train; i++) {
        count[train[i - 1] * V + train[i]]++;
        row[train[i - 1]]++;
    }
    double sum = 0;
    for (size_t i = 1; i < n_held; i++) {
        size_t a = held[i - 1];
        sum -= log((double)(count[a * V + held[i]] + 1) / (double)(row[a] + V));
    }
    *nats = sum / (double)(n_held - 1);
    free(count);
    return OK;
}
