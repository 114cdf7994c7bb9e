import Foundation

/// Normally distributed numbers from a seed (SplitMix64, Box and Muller).
struct SeededNormals {
    private var state: UInt64
    private var spare: Float?

    init(seed: UInt64) { state = seed }

    mutating func word() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(word() % UInt64(bound)) }

    mutating func next() -> Float {
        if let spare {
            self.spare = nil
            return spare
        }
        // Never zero, whose logarithm is infinite.
        let first = (Float(word() >> 40) + 0.5) / 16_777_216
        let angle = Float(word() >> 40) / 16_777_216 * 2 * .pi
        let radius = (-2 * log(first)).squareRoot()
        spare = radius * sin(angle)
        return radius * cos(angle)
    }
}
