#include "harness/places.h"

#include "base/status.h"

void places_pick(bool *fast, const double *left, const int *threads, size_t n, int fast_cores)
{
    bool looked_at[256] = {false};
    int room = fast_cores;
    CHECK(n <= 256);
    for (size_t k = 0; k < n; k++) {
        size_t most = n;
        for (size_t i = 0; i < n; i++)
            if (!looked_at[i] && (most == n || left[i] > left[most]))
                most = i;
        looked_at[most] = true;
        fast[most] = threads[most] <= room || (k == 0 && room > 0);
        if (fast[most])
            room -= threads[most];
    }
}
