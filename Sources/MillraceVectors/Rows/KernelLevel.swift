import CVectorKernels

/// A set of instructions that distances are computed with. Tests force each that the processor has; everything else uses
/// ``best``.
package enum KernelLevel: String, Sendable, CaseIterable {
    case plain
    case avx2
    case avx512
    case neon

    /// The fastest level of this processor.
    package static let best = allCases.first { $0.cLevel == millrace_best_level() } ?? .plain

    /// The levels that this processor has.
    package static var available: [KernelLevel] { allCases.filter { millrace_has_level($0.cLevel) } }

    /// The functions of the level; those of ``plain`` if the processor does not have it.
    var kernels: UnsafePointer<millrace_kernels> { millrace_kernels_at(cLevel) }

    private var cLevel: millrace_level {
        switch self {
        case .plain: millrace_level_plain
        case .avx2: millrace_level_avx2
        case .avx512: millrace_level_avx512
        case .neon: millrace_level_neon
        }
    }
}

/// CRC-32C of bytes, as segment files have it.
package enum Checksum {
    /// Returns the checksum of bytes, or continues one; the checksum of no bytes is 0.
    package static func crc32c(of bytes: UnsafeRawBufferPointer, continuing checksum: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return checksum }
        return KernelLevel.best.kernels.pointee.crc32c(checksum, base, bytes.count)
    }
}
