// How the one-to-many forms walk over rows; shared by the levels.
#pragma once

#include "include/CVectorKernels.h"

#include <string.h>

// Rows are asked for this many rows before they are used.
#define MILLRACE_ROWS_AHEAD 6

// The head of a row of codes, and of such a query.
typedef struct millrace_codes {
    float scale;
    float squared_norm;
    int8_t codes[];
} millrace_codes;

static inline float millrace_codes_dot(const millrace_codes *first, const millrace_codes *second, int32_t dot) {
    return (float)dot * first->scale * second->scale;
}

static inline float millrace_codes_squared(const millrace_codes *first, const millrace_codes *second, int32_t dot) {
    const float squared =
        first->squared_norm + second->squared_norm - 2 * millrace_codes_dot(first, second, dot);
    return squared < 0 ? 0 : squared;
}

// Defines a one-to-many form: `expression` is the distance of `query` to `row`, with `n` dimensions.
#define MILLRACE_DEFINE_DISTANCES(attributes, name, expression)                                                        \
    attributes static void name(                                                                                       \
        const void *query, const millrace_rows *rows, const uint32_t *indices, size_t count, float *distances) {       \
        const size_t n = rows->dimensions;                                                                             \
        const size_t ahead = rows->stride < MILLRACE_BYTES_AHEAD ? rows->stride : MILLRACE_BYTES_AHEAD;                \
        const size_t first = count < MILLRACE_ROWS_AHEAD ? count : MILLRACE_ROWS_AHEAD;                                \
        (void)n;                                                                                                       \
        for (size_t i = 0; i < first; i++) millrace_prefetch(millrace_row(rows, indices[i]), ahead);                   \
        for (size_t i = 0; i < count; i++) {                                                                           \
            if (i + MILLRACE_ROWS_AHEAD < count) {                                                                     \
                millrace_prefetch(millrace_row(rows, indices[i + MILLRACE_ROWS_AHEAD]), ahead);                        \
            }                                                                                                          \
            const uint8_t *row = millrace_row(rows, indices[i]);                                                       \
            distances[i] = (expression);                                                                               \
        }                                                                                                              \
    }

#define MILLRACE_CODES(row) ((const millrace_codes *)(row))
#define MILLRACE_CODES_DOT(kernel)                                                                                     \
    millrace_codes_dot(                                                                                                \
        MILLRACE_CODES(query), MILLRACE_CODES(row),                                                                    \
        kernel(MILLRACE_CODES(query)->codes, MILLRACE_CODES(row)->codes, n))
#define MILLRACE_CODES_SQUARED(kernel)                                                                                 \
    millrace_codes_squared(                                                                                            \
        MILLRACE_CODES(query), MILLRACE_CODES(row),                                                                    \
        kernel(MILLRACE_CODES(query)->codes, MILLRACE_CODES(row)->codes, n))

// Defines all one-to-many forms of a level from its one-to-one forms.
#define MILLRACE_DEFINE_ALL_DISTANCES(attributes, dot_f32, squared_f32, dot_f16, squared_f16, dot_i8, hamming)         \
    MILLRACE_DEFINE_DISTANCES(attributes, cosine_of_f32, 1 - dot_f32(query, (const float *)row, n))                    \
    MILLRACE_DEFINE_DISTANCES(attributes, dot_product_of_f32, -dot_f32(query, (const float *)row, n))                  \
    MILLRACE_DEFINE_DISTANCES(attributes, euclidean_of_f32, squared_f32(query, (const float *)row, n))                 \
    MILLRACE_DEFINE_DISTANCES(attributes, cosine_of_f16, 1 - dot_f16(query, (const uint16_t *)row, n))                 \
    MILLRACE_DEFINE_DISTANCES(attributes, dot_product_of_f16, -dot_f16(query, (const uint16_t *)row, n))               \
    MILLRACE_DEFINE_DISTANCES(attributes, euclidean_of_f16, squared_f16(query, (const uint16_t *)row, n))              \
    MILLRACE_DEFINE_DISTANCES(attributes, cosine_of_i8, 1 - MILLRACE_CODES_DOT(dot_i8))                                \
    MILLRACE_DEFINE_DISTANCES(attributes, dot_product_of_i8, -MILLRACE_CODES_DOT(dot_i8))                              \
    MILLRACE_DEFINE_DISTANCES(attributes, euclidean_of_i8, MILLRACE_CODES_SQUARED(dot_i8))                             \
    MILLRACE_DEFINE_DISTANCES(attributes, hamming_of_bits, (float)hamming(query, row, (n + 7) / 8))

#define MILLRACE_ALL_DISTANCES                                                                                         \
    .float32 = {cosine_of_f32, dot_product_of_f32, euclidean_of_f32},                                                  \
    .float16 = {cosine_of_f16, dot_product_of_f16, euclidean_of_f16},                                                  \
    .int8 = {cosine_of_i8, dot_product_of_i8, euclidean_of_i8}, .bits = hamming_of_bits

// The kernels of each level; null where the processor does not have it, or another kind of processor is built for.
const millrace_kernels *millrace_kernels_plain(void);
const millrace_kernels *millrace_kernels_avx2(void);
const millrace_kernels *millrace_kernels_avx512(void);
const millrace_kernels *millrace_kernels_neon(void);

uint32_t millrace_crc32c_plain(uint32_t checksum, const void *bytes, size_t count);
uint32_t millrace_crc32c_sse42(uint32_t checksum, const void *bytes, size_t count);
