// The kernels for AVX-512. Ends of vectors are loaded with a mask, so there are no loops over single components.
#include "Rows.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,popcnt,sse4.2")))
#define AVX512_VNNI                                                                                                    \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c,popcnt,sse4.2")))
#define AVX512_POPCNT                                                                                                  \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,avx2,fma,f16c,popcnt,sse4.2")))

AVX512 static inline __mmask16 first_of_16(size_t count) { return (__mmask16)((1u << count) - 1); }
AVX512 static inline __mmask32 first_of_32(size_t count) { return (__mmask32)(((uint64_t)1 << count) - 1); }
AVX512 static inline __mmask64 first_of_64(size_t count) { return (__mmask64)(((uint64_t)1 << count) - 1); }

AVX512 static float dot_f32(const float *first, const float *second, size_t count) {
    __m512 sum0 = _mm512_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        sum0 = _mm512_fmadd_ps(_mm512_loadu_ps(first + i), _mm512_loadu_ps(second + i), sum0);
        sum1 = _mm512_fmadd_ps(_mm512_loadu_ps(first + i + 16), _mm512_loadu_ps(second + i + 16), sum1);
        sum2 = _mm512_fmadd_ps(_mm512_loadu_ps(first + i + 32), _mm512_loadu_ps(second + i + 32), sum2);
        sum3 = _mm512_fmadd_ps(_mm512_loadu_ps(first + i + 48), _mm512_loadu_ps(second + i + 48), sum3);
    }
    for (; i + 16 <= count; i += 16) {
        sum0 = _mm512_fmadd_ps(_mm512_loadu_ps(first + i), _mm512_loadu_ps(second + i), sum0);
    }
    if (i < count) {
        const __mmask16 mask = first_of_16(count - i);
        sum1 = _mm512_fmadd_ps(
            _mm512_maskz_loadu_ps(mask, first + i), _mm512_maskz_loadu_ps(mask, second + i), sum1);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sum0, sum1), _mm512_add_ps(sum2, sum3)));
}

AVX512 static inline __m512 add_square(__m512 sum, __m512 first, __m512 second) {
    const __m512 difference = _mm512_sub_ps(first, second);
    return _mm512_fmadd_ps(difference, difference, sum);
}

AVX512 static float squared_f32(const float *first, const float *second, size_t count) {
    __m512 sum0 = _mm512_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        sum0 = add_square(sum0, _mm512_loadu_ps(first + i), _mm512_loadu_ps(second + i));
        sum1 = add_square(sum1, _mm512_loadu_ps(first + i + 16), _mm512_loadu_ps(second + i + 16));
        sum2 = add_square(sum2, _mm512_loadu_ps(first + i + 32), _mm512_loadu_ps(second + i + 32));
        sum3 = add_square(sum3, _mm512_loadu_ps(first + i + 48), _mm512_loadu_ps(second + i + 48));
    }
    for (; i + 16 <= count; i += 16) sum0 = add_square(sum0, _mm512_loadu_ps(first + i), _mm512_loadu_ps(second + i));
    if (i < count) {
        const __mmask16 mask = first_of_16(count - i);
        sum1 = add_square(sum1, _mm512_maskz_loadu_ps(mask, first + i), _mm512_maskz_loadu_ps(mask, second + i));
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sum0, sum1), _mm512_add_ps(sum2, sum3)));
}

AVX512 static inline __m512 load_halves(const uint16_t *halves) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)halves));
}

AVX512 static inline __m512 load_some_halves(__mmask16 mask, const uint16_t *halves) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, halves));
}

AVX512 static float dot_f16(const float *first, const uint16_t *second, size_t count) {
    __m512 sum0 = _mm512_setzero_ps(), sum1 = sum0;
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        sum0 = _mm512_fmadd_ps(_mm512_loadu_ps(first + i), load_halves(second + i), sum0);
        sum1 = _mm512_fmadd_ps(_mm512_loadu_ps(first + i + 16), load_halves(second + i + 16), sum1);
    }
    for (; i < count; i += 16) {
        const __mmask16 mask = count - i < 16 ? first_of_16(count - i) : 0xffff;
        sum0 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, first + i), load_some_halves(mask, second + i), sum0);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(sum0, sum1));
}

AVX512 static float squared_f16(const float *first, const uint16_t *second, size_t count) {
    __m512 sum0 = _mm512_setzero_ps(), sum1 = sum0;
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        sum0 = add_square(sum0, _mm512_loadu_ps(first + i), load_halves(second + i));
        sum1 = add_square(sum1, _mm512_loadu_ps(first + i + 16), load_halves(second + i + 16));
    }
    for (; i < count; i += 16) {
        const __mmask16 mask = count - i < 16 ? first_of_16(count - i) : 0xffff;
        sum0 = add_square(sum0, _mm512_maskz_loadu_ps(mask, first + i), load_some_halves(mask, second + i));
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(sum0, sum1));
}

AVX512 static inline __m512i load_codes(__mmask32 mask, const int8_t *codes) {
    return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, codes));
}

AVX512 static int32_t dot_i8(const int8_t *first, const int8_t *second, size_t count) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < count; i += 32) {
        const __mmask32 mask = count - i < 32 ? first_of_32(count - i) : 0xffffffff;
        sum = _mm512_add_epi32(sum, _mm512_madd_epi16(load_codes(mask, first + i), load_codes(mask, second + i)));
    }
    return _mm512_reduce_add_epi32(sum);
}

// VNNI multiplies unsigned by signed bytes. Flipping the sign bit adds 128 to each code of `first`; the second sum takes
// 128 times the codes of `second` off again.
AVX512_VNNI static int32_t dot_i8_vnni(const int8_t *first, const int8_t *second, size_t count) {
    const __m512i flip = _mm512_set1_epi8((char)0x80);
    __m512i sum = _mm512_setzero_si512(), excess = sum;
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        const __m512i codes = _mm512_loadu_si512(second + i);
        sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(_mm512_loadu_si512(first + i), flip), codes);
        excess = _mm512_dpbusd_epi32(excess, flip, codes);
    }
    if (i < count) {
        const __mmask64 mask = first_of_64(count - i);
        const __m512i codes = _mm512_maskz_loadu_epi8(mask, second + i);
        sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, first + i), flip), codes);
        excess = _mm512_dpbusd_epi32(excess, flip, codes);
    }
    return _mm512_reduce_add_epi32(_mm512_sub_epi32(sum, excess));
}

AVX512 static int32_t squared_i8(const int8_t *first, const int8_t *second, size_t count) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < count; i += 32) {
        const __mmask32 mask = count - i < 32 ? first_of_32(count - i) : 0xffffffff;
        const __m512i difference = _mm512_sub_epi16(load_codes(mask, first + i), load_codes(mask, second + i));
        sum = _mm512_add_epi32(sum, _mm512_madd_epi16(difference, difference));
    }
    return _mm512_reduce_add_epi32(sum);
}

AVX512 static inline uint32_t hamming_of_words(const uint8_t *first, const uint8_t *second, size_t size_in_bytes) {
    uint64_t sum = 0;
    size_t i = 0;
    for (; i + 8 <= size_in_bytes; i += 8) {
        uint64_t one, other;
        memcpy(&one, first + i, 8);
        memcpy(&other, second + i, 8);
        sum += (uint64_t)_mm_popcnt_u64(one ^ other);
    }
    for (; i < size_in_bytes; i++) sum += (uint64_t)_mm_popcnt_u32((unsigned)(first[i] ^ second[i]));
    return (uint32_t)sum;
}

AVX512 static uint32_t hamming(const uint8_t *first, const uint8_t *second, size_t size_in_bytes) {
    if (size_in_bytes < 64) return hamming_of_words(first, second, size_in_bytes);
    const __m512i counts = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i low = _mm512_set1_epi8(0xf);
    __m512i lanes = _mm512_setzero_si512();
    for (size_t i = 0; i < size_in_bytes; i += 64) {
        const __mmask64 mask = size_in_bytes - i < 64 ? first_of_64(size_in_bytes - i) : ~(__mmask64)0;
        const __m512i bits =
            _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, first + i), _mm512_maskz_loadu_epi8(mask, second + i));
        const __m512i count = _mm512_add_epi8(
            _mm512_shuffle_epi8(counts, _mm512_and_si512(bits, low)),
            _mm512_shuffle_epi8(counts, _mm512_and_si512(_mm512_srli_epi16(bits, 4), low)));
        lanes = _mm512_add_epi64(lanes, _mm512_sad_epu8(count, _mm512_setzero_si512()));
    }
    return (uint32_t)_mm512_reduce_add_epi64(lanes);
}

AVX512_POPCNT static uint32_t hamming_vpopcntdq(const uint8_t *first, const uint8_t *second, size_t size_in_bytes) {
    if (size_in_bytes <= 32) return hamming_of_words(first, second, size_in_bytes);
    __m512i lanes = _mm512_setzero_si512();
    for (size_t i = 0; i < size_in_bytes; i += 64) {
        const __mmask64 mask = size_in_bytes - i < 64 ? first_of_64(size_in_bytes - i) : ~(__mmask64)0;
        const __m512i bits =
            _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, first + i), _mm512_maskz_loadu_epi8(mask, second + i));
        lanes = _mm512_add_epi64(lanes, _mm512_popcnt_epi64(bits));
    }
    return (uint32_t)_mm512_reduce_add_epi64(lanes);
}

AVX512 static void halves_of_floats(const float *floats, uint16_t *halves, size_t count) {
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = count - i < 16 ? first_of_16(count - i) : 0xffff;
        const __m512 some = _mm512_maskz_loadu_ps(mask, floats + i);
        _mm256_mask_storeu_epi16(halves + i, mask, _mm512_cvtps_ph(some, _MM_FROUND_TO_NEAREST_INT));
    }
}

AVX512 static void floats_of_halves(const uint16_t *halves, float *floats, size_t count) {
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = count - i < 16 ? first_of_16(count - i) : 0xffff;
        _mm512_mask_storeu_ps(floats + i, mask, load_some_halves(mask, halves + i));
    }
}

MILLRACE_DEFINE_ALL_DISTANCES(AVX512, dot_f32, squared_f32, dot_f16, squared_f16, dot_i8, hamming)
MILLRACE_DEFINE_DISTANCES(AVX512_VNNI, cosine_of_i8_vnni, 1 - MILLRACE_CODES_DOT(dot_i8_vnni))
MILLRACE_DEFINE_DISTANCES(AVX512_VNNI, dot_product_of_i8_vnni, -MILLRACE_CODES_DOT(dot_i8_vnni))
MILLRACE_DEFINE_DISTANCES(AVX512_VNNI, euclidean_of_i8_vnni, MILLRACE_CODES_SQUARED(dot_i8_vnni))
MILLRACE_DEFINE_DISTANCES(AVX512_POPCNT, hamming_of_bits_vpopcntdq, (float)hamming_vpopcntdq(query, row, (n + 7) / 8))

#define ONE_TO_ONE(dot_i8, hamming)                                                                                    \
    dot_f32, squared_f32, dot_f16, squared_f16, dot_i8, squared_i8, hamming, halves_of_floats, floats_of_halves,       \
        millrace_crc32c_sse42
#define FLOATS                                                                                                         \
    .float32 = {cosine_of_f32, dot_product_of_f32, euclidean_of_f32},                                                  \
    .float16 = {cosine_of_f16, dot_product_of_f16, euclidean_of_f16}

const millrace_kernels *millrace_kernels_avx512(void) {
    static const millrace_kernels kernels = {ONE_TO_ONE(dot_i8, hamming), MILLRACE_ALL_DISTANCES};
    static const millrace_kernels with_both = {
        ONE_TO_ONE(dot_i8_vnni, hamming_vpopcntdq), FLOATS,
        .int8 = {cosine_of_i8_vnni, dot_product_of_i8_vnni, euclidean_of_i8_vnni},
        .bits = hamming_of_bits_vpopcntdq,
    };
    static const millrace_kernels with_vnni = {
        ONE_TO_ONE(dot_i8_vnni, hamming), FLOATS,
        .int8 = {cosine_of_i8_vnni, dot_product_of_i8_vnni, euclidean_of_i8_vnni},
        .bits = hamming_of_bits,
    };
    const bool is_there = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && millrace_kernels_avx2();
    if (!is_there) return NULL;
    if (!__builtin_cpu_supports("avx512vnni")) return &kernels;
    return __builtin_cpu_supports("avx512vpopcntdq") ? &with_both : &with_vnni;
}

#else

const millrace_kernels *millrace_kernels_avx512(void) { return NULL; }

#endif
