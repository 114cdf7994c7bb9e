import CVectorKernels
import MillraceVectors
import TestSupport
import Testing

/// Every level of instructions that this processor has computes what the plain one does.
@Suite("Kernels")
struct KernelTests {
    private static let levels = [millrace_level_plain, millrace_level_avx2, millrace_level_avx512, millrace_level_neon]
        .filter { millrace_has_level($0) }
    private static let lengths = Array(0...67) + [96, 100, 127, 128, 129, 255, 384, 1_000]

    private let plain = millrace_kernels_at(millrace_level_plain).pointee
    private let first: GuardedMemory
    private let second: GuardedMemory

    init() throws {
        first = try #require(GuardedMemory(sizeInBytes: 8_192))
        second = try #require(GuardedMemory(sizeInBytes: 8_192))
    }

    /// Whether two sums of the same products agree, as far as the order of adding lets them.
    private func agree(_ one: Float, _ other: Float, sumOfMagnitudes: Double) -> Bool {
        if one.isNaN || other.isNaN { return one.isNaN && other.isNaN }
        if one.isInfinite || other.isInfinite { return one == other }
        return (Double(one) - Double(other)).magnitude <= sumOfMagnitudes * 1e-5 + 1e-42
    }

    private func check(_ one: [Float], _ other: [Float], _ kernels: millrace_kernels, _ comment: Comment) {
        let (left, right) = (first.put(one), second.put(other))
        let products = zip(one, other).reduce(0.0) { $0 + (Double($1.0) * Double($1.1)).magnitude }
        let squares = zip(one, other).reduce(0.0) { sum, pair in
            let difference = Double(pair.0) - Double(pair.1)
            return sum + difference * difference
        }
        let count = one.count
        #expect(
            agree(
                kernels.dot_f32(left, right, count), plain.dot_f32(left, right, count), sumOfMagnitudes: products),
            comment)
        #expect(
            agree(
                kernels.squared_f32(left, right, count), plain.squared_f32(left, right, count),
                sumOfMagnitudes: squares), comment)
    }

    @Test("random floats of every length", arguments: levels)
    func floats(level: millrace_level) {
        let kernels = millrace_kernels_at(level).pointee
        var random = SeededNumbers(seed: 1)
        for length in Self.lengths {
            let one = (0..<length).map { _ in Float.random(in: -3...3, using: &random) }
            let other = (0..<length).map { _ in Float.random(in: -3...3, using: &random) }
            check(one, other, kernels, "\(length) components")
            let exact = zip(one, other).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let dot = kernels.dot_f32(first.put(one), second.put(other), length)
            #expect((Double(dot) - exact).magnitude < 1e-3)
        }
    }

    @Test("hostile floats at every place", arguments: levels)
    func hostileFloats(level: millrace_level) {
        let kernels = millrace_kernels_at(level).pointee
        let hostile: [Float] = [
            .nan, .signalingNaN, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNormalMagnitude, 0, -0, 1e-30,
            1e18,
        ]
        var random = SeededNumbers(seed: 2)
        for length in [1, 7, 8, 15, 16, 17, 31, 33, 64, 67] {
            for value in hostile {
                for place in Set([0, length / 2, length - 1]) {
                    var one = (0..<length).map { _ in Float.random(in: 1...2, using: &random) }
                    let other = (0..<length).map { _ in Float.random(in: 1...2, using: &random) }
                    one[place] = value
                    check(one, other, kernels, "\(value) at \(place) of \(length)")
                    check(one, one, kernels, "\(value) at \(place) of \(length), with itself")
                }
            }
            let tiny = [Float](repeating: .leastNonzeroMagnitude, count: length)
            check(tiny, tiny, kernels, "denormal numbers only")
        }
    }

    @Test("halves become floats and back, all 65,536 of them", arguments: levels)
    func halves(level: millrace_level) {
        let kernels = millrace_kernels_at(level).pointee
        let halves = (0...UInt16.max).map { $0 }
        var floats = [Float](repeating: 0, count: halves.count)
        kernels.floats_of_halves(halves, &floats, halves.count)
        var plainFloats = floats
        plain.floats_of_halves(halves, &plainFloats, halves.count)
        #expect(zip(floats, plainFloats).allSatisfy { $0.bitPattern == $1.bitPattern })
        #expect(floats[0x3c00] == 1 && floats[0xc000] == -2 && floats[1] == 0x1p-24 && floats[0x7bff] == 65_504)
        #expect(floats[0x7c00] == .infinity && floats[0x7e00].isNaN)
        var back = [UInt16](repeating: 0, count: halves.count)
        kernels.halves_of_floats(floats, &back, halves.count)
        for (half, other) in zip(halves, back) where half != other {
            // Only a signalling NaN changes: it becomes quiet.
            #expect(half & 0x7c00 == 0x7c00 && half | 0x200 == other)
        }
    }

    @Test("floats round to halves alike", arguments: levels)
    func rounding(level: millrace_level) {
        let kernels = millrace_kernels_at(level).pointee
        var random = SeededNumbers(seed: 3)
        for length in Self.lengths {
            var floats = (0..<length).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
            // Most bit patterns are far outside of what a half holds.
            for index in floats.indices where index % 4 != 0 {
                floats[index] =
                    Float.random(in: -1...1, using: &random)
                    * Float(sign: .plus, exponent: random.below(42) - 26, significand: 1)
            }
            if length > 3 { floats.replaceSubrange(0..<4, with: [65_519.99, 65_520, 0x1p-25, 0x1.8p-24]) }
            var halves = [UInt16](repeating: 0xffff, count: length)
            var plainHalves = halves
            kernels.halves_of_floats(first.put(floats), &halves, length)
            plain.halves_of_floats(floats, &plainHalves, length)
            #expect(halves == plainHalves, "\(floats)")
        }
    }

    @Test("floats with halves, of every length and with all kinds of halves", arguments: levels)
    func mixed(level: millrace_level) {
        let kernels = millrace_kernels_at(level).pointee
        var random = SeededNumbers(seed: 4)
        for length in Self.lengths {
            for isHostile in [false, true] {
                let floats = (0..<length).map { _ in Float.random(in: -2...2, using: &random) }
                let halves = (0..<length).map { _ in
                    // Up to 0x3fff a half is finite and below 2.
                    UInt16(truncatingIfNeeded: random.next()) & (isHostile && random.chance(3) ? 0xffff : 0xbfff)
                }
                var decoded = [Float](repeating: 0, count: length)
                plain.floats_of_halves(halves, &decoded, length)
                let magnitude = zip(floats, decoded).reduce(0.0) { $0 + 10 + Double($1.0 * $1.1).magnitude }
                let (left, right) = (first.put(floats), second.put(halves))
                #expect(
                    agree(
                        kernels.dot_f16(left, right, length), plain.dot_f16(left, right, length),
                        sumOfMagnitudes: magnitude))
                let squares = zip(floats, decoded).reduce(10.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
                #expect(
                    agree(
                        kernels.squared_f16(left, right, length), plain.squared_f16(left, right, length),
                        sumOfMagnitudes: squares))
            }
        }
    }

    @Test("bytes and bits, exactly, of every length and at every address", arguments: levels)
    func bytes(level: millrace_level) {
        let kernels = millrace_kernels_at(level).pointee
        var random = SeededNumbers(seed: 5)
        for length in Self.lengths + [4_096] {
            for kind in 0..<3 {
                let byte: () -> UInt8 = {
                    kind == 0 ? 0x80 : kind == 1 ? 0x7f : UInt8(truncatingIfNeeded: random.next())
                }
                let one = (0..<length).map { _ in byte() }
                let other = kind == 1 ? [UInt8](repeating: 0x80, count: length) : (0..<length).map { _ in byte() }
                let (left, right) = (
                    first.put(one.map(Int8.init(bitPattern:))), second.put(other.map(Int8.init(bitPattern:)))
                )
                let dot = (0..<length).reduce(0) { $0 + Int(left[$1]) * Int(right[$1]) }
                let squared = (0..<length).reduce(0) {
                    $0 + (Int(left[$1]) - Int(right[$1])) * (Int(left[$1]) - Int(right[$1]))
                }
                #expect(Int(kernels.dot_i8(left, right, length)) == dot)
                #expect(Int(kernels.squared_i8(left, right, length)) == squared)
                let bits = zip(one, other).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
                #expect(Int(kernels.hamming(first.put(one), second.put(other), length)) == bits)
            }
        }
    }

    @Test("the largest sums of bytes fit", arguments: levels)
    func largestSums(level: millrace_level) {
        let kernels = millrace_kernels_at(level).pointee
        let count = RowFormat.possibleDimensions.upperBound
        let ends = [Int8](repeating: 127, count: count)
        let others = [Int8](repeating: -127, count: count)
        #expect(Int(kernels.dot_i8(ends, ends, count)) == 127 * 127 * count)
        #expect(Int(kernels.dot_i8(ends, others, count)) == -127 * 127 * count)
    }

    @Test("CRC-32C of known texts, and continued anywhere", arguments: levels)
    func checksums(level: millrace_level) {
        let crc32c = millrace_kernels_at(level).pointee.crc32c
        // RFC 3720, B.4.
        let known: [([UInt8], UInt32)] = [
            ([], 0), (Array("123456789".utf8), 0xe306_9283), ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43), (Array(0..<32), 0x46dd_794e),
        ]
        for (bytes, checksum) in known {
            #expect(crc32c(0, first.put(bytes), bytes.count) == checksum)
            for split in 0...bytes.count {
                let beginning = crc32c(0, first.put(Array(bytes[..<split])), split)
                #expect(crc32c(beginning, first.put(Array(bytes[split...])), bytes.count - split) == checksum)
            }
        }
        var random = SeededNumbers(seed: 6)
        for length in Self.lengths {
            let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            #expect(crc32c(7, first.put(bytes), length) == plain.crc32c(7, bytes, length))
        }
        #expect(Array("123456789".utf8).withUnsafeBytes { Checksum.crc32c(of: $0) } == 0xe306_9283)
    }

    @Test("a level that the processor lacks is the plain one, and the best one is there")
    func lacking() {
        #expect(millrace_has_level(millrace_best_level()))
        #expect(millrace_has_level(millrace_level_plain))
        let lacking = [millrace_level_avx2, millrace_level_avx512, millrace_level_neon].filter {
            !millrace_has_level($0)
        }
        for level in lacking { #expect(millrace_kernels_at(level) == millrace_kernels_at(millrace_level_plain)) }
        #expect(KernelLevel.available.contains(.best) && KernelLevel.available.contains(.plain))
    }
}
