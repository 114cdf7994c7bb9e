// The kernels for AVX2 with FMA, F16C and POPCNT.
#include "Rows.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma,f16c,popcnt,sse4.2")))

AVX2 static inline float sum_of_floats(__m256 lanes) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

AVX2 static inline int32_t sum_of_integers(__m256i lanes) {
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
}

AVX2 static inline __m256 load_halves(const uint16_t *halves) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)halves));
}

AVX2 static inline float float_of_half(uint16_t half) {
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
}

AVX2 static float dot_f32(const float *first, const float *second, size_t count) {
    __m256 sum0 = _mm256_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(first + i), _mm256_loadu_ps(second + i), sum0);
        sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(first + i + 8), _mm256_loadu_ps(second + i + 8), sum1);
        sum2 = _mm256_fmadd_ps(_mm256_loadu_ps(first + i + 16), _mm256_loadu_ps(second + i + 16), sum2);
        sum3 = _mm256_fmadd_ps(_mm256_loadu_ps(first + i + 24), _mm256_loadu_ps(second + i + 24), sum3);
    }
    for (; i + 8 <= count; i += 8) {
        sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(first + i), _mm256_loadu_ps(second + i), sum0);
    }
    float sum = sum_of_floats(_mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3)));
    for (; i < count; i++) sum += first[i] * second[i];
    return sum;
}

AVX2 static inline __m256 add_square(__m256 sum, __m256 first, __m256 second) {
    const __m256 difference = _mm256_sub_ps(first, second);
    return _mm256_fmadd_ps(difference, difference, sum);
}

AVX2 static float squared_f32(const float *first, const float *second, size_t count) {
    __m256 sum0 = _mm256_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        sum0 = add_square(sum0, _mm256_loadu_ps(first + i), _mm256_loadu_ps(second + i));
        sum1 = add_square(sum1, _mm256_loadu_ps(first + i + 8), _mm256_loadu_ps(second + i + 8));
        sum2 = add_square(sum2, _mm256_loadu_ps(first + i + 16), _mm256_loadu_ps(second + i + 16));
        sum3 = add_square(sum3, _mm256_loadu_ps(first + i + 24), _mm256_loadu_ps(second + i + 24));
    }
    for (; i + 8 <= count; i += 8) sum0 = add_square(sum0, _mm256_loadu_ps(first + i), _mm256_loadu_ps(second + i));
    float sum = sum_of_floats(_mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3)));
    for (; i < count; i++) sum += (first[i] - second[i]) * (first[i] - second[i]);
    return sum;
}

AVX2 static float dot_f16(const float *first, const uint16_t *second, size_t count) {
    __m256 sum0 = _mm256_setzero_ps(), sum1 = sum0;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(first + i), load_halves(second + i), sum0);
        sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(first + i + 8), load_halves(second + i + 8), sum1);
    }
    for (; i + 8 <= count; i += 8) sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(first + i), load_halves(second + i), sum0);
    float sum = sum_of_floats(_mm256_add_ps(sum0, sum1));
    for (; i < count; i++) sum += first[i] * float_of_half(second[i]);
    return sum;
}

AVX2 static float squared_f16(const float *first, const uint16_t *second, size_t count) {
    __m256 sum0 = _mm256_setzero_ps(), sum1 = sum0;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        sum0 = add_square(sum0, _mm256_loadu_ps(first + i), load_halves(second + i));
        sum1 = add_square(sum1, _mm256_loadu_ps(first + i + 8), load_halves(second + i + 8));
    }
    for (; i + 8 <= count; i += 8) sum0 = add_square(sum0, _mm256_loadu_ps(first + i), load_halves(second + i));
    float sum = sum_of_floats(_mm256_add_ps(sum0, sum1));
    for (; i < count; i++) {
        const float difference = first[i] - float_of_half(second[i]);
        sum += difference * difference;
    }
    return sum;
}

AVX2 static inline __m256i load_codes(const int8_t *codes) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)codes));
}

AVX2 static int32_t dot_i8(const int8_t *first, const int8_t *second, size_t count) {
    __m256i sum0 = _mm256_setzero_si256(), sum1 = sum0;
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        sum0 = _mm256_add_epi32(sum0, _mm256_madd_epi16(load_codes(first + i), load_codes(second + i)));
        sum1 = _mm256_add_epi32(sum1, _mm256_madd_epi16(load_codes(first + i + 16), load_codes(second + i + 16)));
    }
    for (; i + 16 <= count; i += 16) {
        sum0 = _mm256_add_epi32(sum0, _mm256_madd_epi16(load_codes(first + i), load_codes(second + i)));
    }
    int32_t sum = sum_of_integers(_mm256_add_epi32(sum0, sum1));
    for (; i < count; i++) sum += (int32_t)first[i] * second[i];
    return sum;
}

AVX2 static int32_t squared_i8(const int8_t *first, const int8_t *second, size_t count) {
    __m256i lanes = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m256i difference = _mm256_sub_epi16(load_codes(first + i), load_codes(second + i));
        lanes = _mm256_add_epi32(lanes, _mm256_madd_epi16(difference, difference));
    }
    uint32_t sum = (uint32_t)sum_of_integers(lanes);
    for (; i < count; i++) {
        const int32_t difference = (int32_t)first[i] - second[i];
        sum += (uint32_t)(difference * difference);
    }
    return (int32_t)sum;
}

AVX2 static uint32_t hamming(const uint8_t *first, const uint8_t *second, size_t size_in_bytes) {
    uint64_t sum = 0;
    size_t i = 0;
    if (size_in_bytes >= 64) {
        const __m256i counts = _mm256_setr_epi8(
            0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        const __m256i low = _mm256_set1_epi8(0xf);
        __m256i lanes = _mm256_setzero_si256();
        for (; i + 32 <= size_in_bytes; i += 32) {
            const __m256i bits = _mm256_xor_si256(
                _mm256_loadu_si256((const __m256i *)(first + i)), _mm256_loadu_si256((const __m256i *)(second + i)));
            const __m256i count = _mm256_add_epi8(
                _mm256_shuffle_epi8(counts, _mm256_and_si256(bits, low)),
                _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low)));
            lanes = _mm256_add_epi64(lanes, _mm256_sad_epu8(count, _mm256_setzero_si256()));
        }
        sum = (uint64_t)_mm256_extract_epi64(lanes, 0) + (uint64_t)_mm256_extract_epi64(lanes, 1)
            + (uint64_t)_mm256_extract_epi64(lanes, 2) + (uint64_t)_mm256_extract_epi64(lanes, 3);
    }
    for (; i + 8 <= size_in_bytes; i += 8) {
        uint64_t one, other;
        memcpy(&one, first + i, 8);
        memcpy(&other, second + i, 8);
        sum += (uint64_t)_mm_popcnt_u64(one ^ other);
    }
    for (; i < size_in_bytes; i++) sum += (uint64_t)_mm_popcnt_u32((unsigned)(first[i] ^ second[i]));
    return (uint32_t)sum;
}

AVX2 static void halves_of_floats(const float *floats, uint16_t *halves, size_t count) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        _mm_storeu_si128(
            (__m128i *)(halves + i), _mm256_cvtps_ph(_mm256_loadu_ps(floats + i), _MM_FROUND_TO_NEAREST_INT));
    }
    for (; i < count; i++) {
        halves[i] = (uint16_t)_mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(floats[i]), _MM_FROUND_TO_NEAREST_INT));
    }
}

AVX2 static void floats_of_halves(const uint16_t *halves, float *floats, size_t count) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) _mm256_storeu_ps(floats + i, load_halves(halves + i));
    for (; i < count; i++) floats[i] = float_of_half(halves[i]);
}

MILLRACE_DEFINE_ALL_DISTANCES(AVX2, dot_f32, squared_f32, dot_f16, squared_f16, dot_i8, hamming)

const millrace_kernels *millrace_kernels_avx2(void) {
    static const millrace_kernels kernels = {
        dot_f32, squared_f32, dot_f16, squared_f16, dot_i8, squared_i8, hamming, halves_of_floats, floats_of_halves,
        millrace_crc32c_sse42, MILLRACE_ALL_DISTANCES,
    };
    const bool is_there = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
        && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("sse4.2");
    return is_there ? &kernels : NULL;
}

#else

const millrace_kernels *millrace_kernels_avx2(void) { return NULL; }

#endif
