#include "dense.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>

struct mat mat(size_t rows, size_t cols)
{
    struct mat m = {rows, cols, calloc(rows * cols + 1, sizeof(double))};
    CHECK(m.p);
    return m;
}

double at(struct mat m, size_t i, size_t j)
{
    return m.p[i * m.cols + j];
}

struct mat mat_times(struct mat a, bool turn_a, struct mat b, bool turn_b)
{
    size_t K = turn_a ? a.rows : a.cols;
    struct mat c = mat(turn_a ? a.cols : a.rows, turn_b ? b.rows : b.cols);
    for (size_t i = 0; i < c.rows; i++)
        for (size_t j = 0; j < c.cols; j++)
            for (size_t k = 0; k < K; k++)
                c.p[i * c.cols + j] += (turn_a ? at(a, k, i) : at(a, i, k)) * (turn_b ? at(b, j, k) : at(b, k, j));
    return c;
}

double norm_of(struct mat m)
{
    double sum = 0;
    for (size_t i = 0; i < m.rows * m.cols; i++)
        sum += m.p[i] * m.p[i];
    return sqrt(sum);
}

static const double polar_table[5][3] = {{8.28721201814563, -23.595886519098837, 17.300387312530933},
                                         {4.107059111542203, -2.9478499167379106, 0.5448431082926601},
                                         {3.9486908534822946, -2.908902115962949, 0.5518191394370137},
                                         {3.3184196573706015, -2.488488024314874, 0.51004894012372},
                                         {2.300652019954817, -1.6689039845747493, 0.4188073119525673}};

static void coefficients(double q[3], bool polar, size_t step)
{
    q[0] = polar ? polar_table[step][0] / 1.01 : 3.4445;
    q[1] = polar ? polar_table[step][1] / pow(1.01, 3) : -4.7750;
    q[2] = polar ? polar_table[step][2] / pow(1.01, 5) : 2.0315;
}

void ref_orthogonal(struct mat x, size_t steps, bool polar)
{
    double by = 1 / (norm_of(x) * (polar ? 1.01 : 1) + 1e-7), q[3];
    for (size_t i = 0; i < x.rows * x.cols; i++)
        x.p[i] *= by;
    for (size_t s = 0; s < steps; s++) {
        struct mat a = mat_times(x, false, x, true), ax = mat_times(a, false, x, false), aax = mat_times(a, false, ax, false);
        coefficients(q, polar, s);
        for (size_t i = 0; i < x.rows * x.cols; i++)
            x.p[i] = q[0] * x.p[i] + q[1] * ax.p[i] + q[2] * aax.p[i];
        free(a.p), free(ax.p), free(aax.p);
    }
}

/* To the nearest number of 8 leading bits, ties to even. */
static void round_all(struct mat x)
{
    for (size_t i = 0; i < x.rows * x.cols; i++) {
        int e;
        double m = frexp(x.p[i], &e);
        x.p[i] = ldexp(rint(ldexp(m, 8)), e - 8);
    }
}

void ref_orthogonal_bf16(struct mat x, size_t steps, bool polar)
{
    const bool tall = x.rows > x.cols;
    round_all(x);
    double by = 1 / (norm_of(x) * (polar ? 1.01 : 1) + 1e-7), q[3];
    for (size_t i = 0; i < x.rows * x.cols; i++)
        x.p[i] *= by;
    round_all(x);
    for (size_t s = 0; s < steps; s++) {
        struct mat a = mat_times(x, tall, x, !tall);
        round_all(a);
        struct mat b = mat_times(a, false, a, false);
        round_all(b);
        coefficients(q, polar, s);
        for (size_t i = 0; i < a.rows * a.cols; i++)
            b.p[i] = q[1] * a.p[i] + q[2] * b.p[i];
        round_all(b);
        struct mat bx = tall ? mat_times(x, false, b, false) : mat_times(b, false, x, false);
        round_all(bx);
        for (size_t i = 0; i < x.rows * x.cols; i++)
            x.p[i] = q[0] * x.p[i] + bx.p[i];
        round_all(x);
        free(a.p), free(b.p), free(bx.p);
    }
}

void ref_qr(struct mat a)
{
    for (size_t j = 0; j < a.cols; j++)
        for (int pass = 0; pass < 2; pass++) {
            double sum = 0;
            for (size_t b = 0; b < j; b++) {
                double dot = 0;
                for (size_t i = 0; i < a.rows; i++)
                    dot += at(a, i, b) * at(a, i, j);
                for (size_t i = 0; i < a.rows; i++)
                    a.p[i * a.cols + j] -= dot * at(a, i, b);
            }
            for (size_t i = 0; i < a.rows; i++)
                sum += at(a, i, j) * at(a, i, j);
            for (size_t i = 0; i < a.rows; i++)
                a.p[i * a.cols + j] /= sqrt(sum);
        }
}
