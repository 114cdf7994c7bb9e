// Kernels of similarity search: dot products, squared Euclidean distances, Hamming distances and CRC-32C, each in a plain form
// and in forms for the vector units of processors. Which form runs is decided at run time (`millrace_best_level`); nothing is
// compiled for the machine that builds. A caller may ask for any level that the processor has, so that tests compare them.
//
// The forms of a level add in different orders, so results differ in the last bits between levels, but never for the same level.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __clang__
#pragma clang assume_nonnull begin
#define MILLRACE_NULLABLE _Nullable
#define MILLRACE_NONNULL _Nonnull
#else
#define MILLRACE_NULLABLE
#define MILLRACE_NONNULL
#endif

// The sets of instructions that there are kernels for.
typedef enum millrace_level {
    millrace_level_plain = 0,
    millrace_level_avx2 = 1,   // AVX2, FMA, F16C, POPCNT
    millrace_level_avx512 = 2, // AVX-512 F, BW, DQ, VL; with VNNI and VPOPCNTDQ where they are there
    millrace_level_neon = 3,   // AArch64
} millrace_level;

// Rows of equal size. They lie in chunks of 2^shift rows; row i is row i % 2^shift of chunk i / 2^shift. A contiguous block is one
// chunk with shift 32.
typedef struct millrace_rows {
    const uint8_t *MILLRACE_NONNULL const *MILLRACE_NONNULL chunks;
    // Bytes from one row to the next.
    uint64_t stride;
    // Components of a vector.
    uint32_t dimensions;
    uint32_t shift;
} millrace_rows;

// Writes the distance of the query to each of `count` rows. Rows and query are in the format of the kernel:
//   float32   floats
//   float16   halves; the query is floats
//   int8      a float that scales the codes, a float with the squared norm of codes times scale, then the codes; so is the query
//   bits      bits, in bytes; the bits beyond the dimensions are zero; so is the query
// No index is checked.
typedef void (*millrace_distances)(
    const void *query, const millrace_rows *rows, const uint32_t *indices, size_t count, float *distances);

// The kernels of one metric for one-to-many distances; smaller is nearer.
typedef struct millrace_distance_table {
    millrace_distances cosine;      // 1 - dot product
    millrace_distances dot_product; // - dot product
    millrace_distances euclidean;   // squared Euclidean distance
} millrace_distance_table;

typedef struct millrace_kernels {
    float (*dot_f32)(const float *first, const float *second, size_t count);
    float (*squared_f32)(const float *first, const float *second, size_t count);
    float (*dot_f16)(const float *first, const uint16_t *second, size_t count);
    float (*squared_f16)(const float *first, const uint16_t *second, size_t count);
    // Exact as long as the sum fits: up to 65,536 components.
    int32_t (*dot_i8)(const int8_t *first, const int8_t *second, size_t count);
    int32_t (*squared_i8)(const int8_t *first, const int8_t *second, size_t count);
    uint32_t (*hamming)(const uint8_t *first, const uint8_t *second, size_t size_in_bytes);
    // Rounds to nearest, ties to even; too large becomes infinite.
    void (*halves_of_floats)(const float *floats, uint16_t *halves, size_t count);
    void (*floats_of_halves)(const uint16_t *halves, float *floats, size_t count);
    // Continues a checksum; the checksum of no bytes is 0.
    uint32_t (*crc32c)(uint32_t checksum, const void *bytes, size_t count);

    millrace_distance_table float32;
    millrace_distance_table float16;
    millrace_distance_table int8;
    // The Hamming distance, in bits.
    millrace_distances bits;
} millrace_kernels;

// The fastest level that this processor has.
millrace_level millrace_best_level(void);

// Whether the processor has a level.
bool millrace_has_level(millrace_level level);

// The kernels of a level; the plain ones where the processor does not have it.
const millrace_kernels *millrace_kernels_at(millrace_level level);

// Memory that begins at a multiple of 64 bytes, filled with zeros; on large pages from 2 MiB on where the system has them, because
// a search touches rows at random. Null if there is none left. Freed by `millrace_free`.
void *MILLRACE_NULLABLE millrace_allocate(size_t size_in_bytes);
void millrace_free(void *memory);

// Asks for the cache lines of some bytes.
static inline void millrace_prefetch(const void *address, size_t size_in_bytes) {
    for (size_t offset = 0; offset < size_in_bytes; offset += 64) {
        __builtin_prefetch((const uint8_t *)address + offset, 0, 3);
    }
}

// Of a long row only the beginning is asked for; the processor notices the pattern and fetches the rest.
#define MILLRACE_BYTES_AHEAD 1024
// The most cache lines of rows that are asked for at once.
#define MILLRACE_LINES_AHEAD 48

static inline const uint8_t *millrace_row(const millrace_rows *rows, uint32_t index) {
    const uint64_t wide = index;
    const uint64_t mask = ((uint64_t)1 << rows->shift) - 1;
    return rows->chunks[wide >> rows->shift] + (wide & mask) * rows->stride;
}

// Asks for the first ones of some rows, as many as a processor fetches at once.
static inline void millrace_prefetch_rows(const millrace_rows *rows, const uint32_t *indices, size_t count) {
    const size_t size = rows->stride < MILLRACE_BYTES_AHEAD ? rows->stride : MILLRACE_BYTES_AHEAD;
    size_t lines = 0;
    for (size_t i = 0; i < count && lines < MILLRACE_LINES_AHEAD; i++) {
        millrace_prefetch(millrace_row(rows, indices[i]), size);
        lines += (size + 63) / 64;
    }
}

#ifdef __clang__
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
