// The kernels for AArch64, whose base set of instructions has NEON.
#include "Rows.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#if defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

static inline float32x4_t load_halves(const uint16_t *halves) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves)));
}

static inline float float_of_half(uint16_t half) {
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(half))), 0);
}

static float dot_f32(const float *first, const float *second, size_t count) {
    float32x4_t sum0 = vdupq_n_f32(0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        sum0 = vfmaq_f32(sum0, vld1q_f32(first + i), vld1q_f32(second + i));
        sum1 = vfmaq_f32(sum1, vld1q_f32(first + i + 4), vld1q_f32(second + i + 4));
        sum2 = vfmaq_f32(sum2, vld1q_f32(first + i + 8), vld1q_f32(second + i + 8));
        sum3 = vfmaq_f32(sum3, vld1q_f32(first + i + 12), vld1q_f32(second + i + 12));
    }
    for (; i + 4 <= count; i += 4) sum0 = vfmaq_f32(sum0, vld1q_f32(first + i), vld1q_f32(second + i));
    float sum = vaddvq_f32(vaddq_f32(vaddq_f32(sum0, sum1), vaddq_f32(sum2, sum3)));
    for (; i < count; i++) sum += first[i] * second[i];
    return sum;
}

static inline float32x4_t add_square(float32x4_t sum, float32x4_t first, float32x4_t second) {
    const float32x4_t difference = vsubq_f32(first, second);
    return vfmaq_f32(sum, difference, difference);
}

static float squared_f32(const float *first, const float *second, size_t count) {
    float32x4_t sum0 = vdupq_n_f32(0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        sum0 = add_square(sum0, vld1q_f32(first + i), vld1q_f32(second + i));
        sum1 = add_square(sum1, vld1q_f32(first + i + 4), vld1q_f32(second + i + 4));
        sum2 = add_square(sum2, vld1q_f32(first + i + 8), vld1q_f32(second + i + 8));
        sum3 = add_square(sum3, vld1q_f32(first + i + 12), vld1q_f32(second + i + 12));
    }
    for (; i + 4 <= count; i += 4) sum0 = add_square(sum0, vld1q_f32(first + i), vld1q_f32(second + i));
    float sum = vaddvq_f32(vaddq_f32(vaddq_f32(sum0, sum1), vaddq_f32(sum2, sum3)));
    for (; i < count; i++) sum += (first[i] - second[i]) * (first[i] - second[i]);
    return sum;
}

static float dot_f16(const float *first, const uint16_t *second, size_t count) {
    float32x4_t sum0 = vdupq_n_f32(0), sum1 = sum0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        sum0 = vfmaq_f32(sum0, vld1q_f32(first + i), load_halves(second + i));
        sum1 = vfmaq_f32(sum1, vld1q_f32(first + i + 4), load_halves(second + i + 4));
    }
    float sum = vaddvq_f32(vaddq_f32(sum0, sum1));
    for (; i < count; i++) sum += first[i] * float_of_half(second[i]);
    return sum;
}

static float squared_f16(const float *first, const uint16_t *second, size_t count) {
    float32x4_t sum0 = vdupq_n_f32(0), sum1 = sum0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        sum0 = add_square(sum0, vld1q_f32(first + i), load_halves(second + i));
        sum1 = add_square(sum1, vld1q_f32(first + i + 4), load_halves(second + i + 4));
    }
    float sum = vaddvq_f32(vaddq_f32(sum0, sum1));
    for (; i < count; i++) {
        const float difference = first[i] - float_of_half(second[i]);
        sum += difference * difference;
    }
    return sum;
}

static int32_t dot_i8(const int8_t *first, const int8_t *second, size_t count) {
    int32x4_t lanes = vdupq_n_s32(0);
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const int8x16_t one = vld1q_s8(first + i), other = vld1q_s8(second + i);
        lanes = vpadalq_s16(lanes, vmull_s8(vget_low_s8(one), vget_low_s8(other)));
        lanes = vpadalq_s16(lanes, vmull_high_s8(one, other));
    }
    int32_t sum = vaddvq_s32(lanes);
    for (; i < count; i++) sum += (int32_t)first[i] * second[i];
    return sum;
}

static int32_t squared_i8(const int8_t *first, const int8_t *second, size_t count) {
    uint32x4_t lanes = vdupq_n_u32(0);
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const uint8x16_t difference = vreinterpretq_u8_s8(vabdq_s8(vld1q_s8(first + i), vld1q_s8(second + i)));
        lanes = vpadalq_u16(lanes, vmull_u8(vget_low_u8(difference), vget_low_u8(difference)));
        lanes = vpadalq_u16(lanes, vmull_high_u8(difference, difference));
    }
    uint32_t sum = vaddvq_u32(lanes);
    for (; i < count; i++) {
        const int32_t difference = (int32_t)first[i] - second[i];
        sum += (uint32_t)(difference * difference);
    }
    return (int32_t)sum;
}

static uint32_t hamming(const uint8_t *first, const uint8_t *second, size_t size_in_bytes) {
    uint32_t sum = 0;
    size_t i = 0;
    for (; i + 16 <= size_in_bytes; i += 16) {
        sum += vaddlvq_u8(vcntq_u8(veorq_u8(vld1q_u8(first + i), vld1q_u8(second + i))));
    }
    for (; i < size_in_bytes; i++) sum += (uint32_t)__builtin_popcount((unsigned)(first[i] ^ second[i]));
    return sum;
}

static void halves_of_floats(const float *floats, uint16_t *halves, size_t count) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4) vst1_u16(halves + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(floats + i))));
    for (; i < count; i++) {
        halves[i] = vget_lane_u16(vreinterpret_u16_f16(vcvt_f16_f32(vdupq_n_f32(floats[i]))), 0);
    }
}

static void floats_of_halves(const uint16_t *halves, float *floats, size_t count) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4) vst1q_f32(floats + i, load_halves(halves + i));
    for (; i < count; i++) floats[i] = float_of_half(halves[i]);
}

#if defined(__ARM_FEATURE_CRC32)
static uint32_t crc32c(uint32_t checksum, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    uint32_t state = ~checksum;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        state = __crc32cd(state, word);
    }
    for (; count > 0; count--, next++) state = __crc32cb(state, *next);
    return ~state;
}
#else
#define crc32c millrace_crc32c_plain
#endif

MILLRACE_DEFINE_ALL_DISTANCES(, dot_f32, squared_f32, dot_f16, squared_f16, dot_i8, hamming)

const millrace_kernels *millrace_kernels_neon(void) {
    static const millrace_kernels kernels = {
        dot_f32, squared_f32, dot_f16, squared_f16, dot_i8, squared_i8, hamming, halves_of_floats, floats_of_halves,
        crc32c, MILLRACE_ALL_DISTANCES,
    };
    return &kernels;
}

#else

const millrace_kernels *millrace_kernels_neon(void) { return NULL; }

#endif
