import CVectorKernels

extension RowFormat {
    /// Writes the row of a vector.
    ///
    /// - Parameters:
    ///   - vector: The components.
    ///   - row: At least ``strideInBytes`` bytes at a multiple of 8; all of the stride is written.
    /// - Throws: `wrongDimensions`, `notFinite`, `zeroVector` or `tooLarge`; nothing is written then.
    package func encode(_ vector: UnsafeBufferPointer<Float>, into row: UnsafeMutableRawBufferPointer)
        throws(VectorProblem)
    {
        let (factor, largest) = try checked(vector)
        guard let source = vector.baseAddress, let target = row.baseAddress, row.count >= strideInBytes else {
            throw VectorProblem(.invalidFormat, "a row needs \(strideInBytes) bytes, not \(row.count)")
        }
        target.initializeMemory(as: UInt8.self, repeating: 0, count: strideInBytes)
        switch element {
        case .float32:
            let components = target.bindMemory(to: Float.self, capacity: dimensions)
            // Adding zero makes zeros positive: equal vectors are equal bytes.
            if factor == 1 {
                for index in 0..<dimensions { components[index] = source[index] + 0 }
            } else {
                for index in 0..<dimensions { components[index] = Float(Double(source[index]) * factor) + 0 }
            }
        case .float16:
            withUnsafeTemporaryAllocation(of: Float.self, capacity: dimensions) { components in
                guard let floats = components.baseAddress else { return }
                for index in 0..<dimensions { floats[index] = Float(Double(source[index]) * factor) + 0 }
                let halves = target.bindMemory(to: UInt16.self, capacity: dimensions)
                kernels.functions.pointee.halves_of_floats(floats, halves, dimensions)
                for index in 0..<dimensions where halves[index] == 0x8000 { halves[index] = 0 }
            }
        case .int8: encodeCodes(source, largest: Double(largest), into: target)
        case .binary:
            let bytes = target.bindMemory(to: UInt8.self, capacity: strideInBytes)
            for index in 0..<dimensions where source[index] > 0 { bytes[index >> 3] |= 1 << UInt8(index & 7) }
        }
    }

    private func encodeCodes(_ source: UnsafePointer<Float>, largest: Double, into target: UnsafeMutableRawPointer) {
        let codes = (target + Self.codesOffset).bindMemory(to: Int8.self, capacity: dimensions)
        var sum: Int32 = 0
        if largest > 0 {
            let steps = 127 / largest
            // Added and subtracted again, it leaves no bits for fractions: so the sum is rounded to a whole number, without a call.
            let rounding = 0x1.8p52
            for index in 0..<dimensions {
                let code = Int32(Double(source[index]) * steps + rounding - rounding)
                codes[index] = Int8(truncatingIfNeeded: code)
                sum += code * code
            }
        }
        let squares = Double(sum)
        let scale = metric == .cosine ? 1 / squares.squareRoot() : largest / 127
        target.storeBytes(of: Float(scale), as: Float.self)
        target.storeBytes(of: Float(squares * scale * scale), toByteOffset: 4, as: Float.self)
    }

    /// Returns the row of a vector.
    ///
    /// - Throws: As ``encode(_:into:)``.
    package func row(of vector: [Float]) throws(VectorProblem) -> [UInt8] {
        var row = [UInt64](repeating: 0, count: strideInBytes / 8)
        var problem: VectorProblem?
        row.withUnsafeMutableBytes { bytes in
            vector.withUnsafeBufferPointer { vector in
                do throws(VectorProblem) { try encode(vector, into: bytes) } catch { problem = error }
            }
        }
        if let problem { throw problem }
        return row.withUnsafeBytes { Array($0) }
    }

    /// Returns the vector that a row stands for, which was normalised under `cosine` and rounded by the element; of `binary`
    /// rows, plus and minus one.
    ///
    /// - Parameter row: The bytes of a row.
    /// - Throws: `invalidFormat` if the row is shorter than ``sizeInBytes``.
    package func vector(of row: UnsafeRawBufferPointer) throws(VectorProblem) -> [Float] {
        guard row.count >= sizeInBytes else {
            throw VectorProblem(.invalidFormat, "a row has \(sizeInBytes) bytes, not \(row.count)")
        }
        switch element {
        case .float32:
            return (0..<dimensions).map { row.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        case .float16:
            let halves = (0..<dimensions).map { row.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self) }
            return [Float](unsafeUninitializedCapacity: dimensions) { floats, count in
                guard let base = floats.baseAddress else { return }
                halves.withUnsafeBufferPointer { halves in
                    if let first = halves.baseAddress {
                        kernels.functions.pointee.floats_of_halves(first, base, dimensions)
                    }
                }
                count = dimensions
            }
        case .int8:
            let scale = row.loadUnaligned(as: Float.self)
            return (0..<dimensions).map { Float(Int8(bitPattern: row[Self.codesOffset + $0])) * scale }
        case .binary:
            return (0..<dimensions).map { row[$0 >> 3] & (1 << UInt8($0 & 7)) != 0 ? 1 : -1 }
        }
    }

    /// Checks a vector.
    ///
    /// - Returns: What its components are multiplied by: 1, or what makes its length 1; and the magnitude of its largest component.
    private func checked(
        _ vector: UnsafeBufferPointer<Float>
    ) throws(VectorProblem) -> (factor: Double, largest: Float) {
        guard vector.count == dimensions else {
            throw VectorProblem(.wrongDimensions, "the vector has \(vector.count) components instead of \(dimensions)")
        }
        var squares = 0.0
        var largest: Float = 0
        for component in vector {
            squares += Double(component) * Double(component)
            largest = max(largest, component.magnitude)
        }
        // Squares of finite floats do not add up to an infinite double.
        guard squares.isFinite else {
            let index = vector.firstIndex { !$0.isFinite } ?? 0
            throw VectorProblem(.notFinite, "component \(index) of the vector is \(vector[index])")
        }
        if metric == .cosine {
            guard squares > 0 else {
                throw VectorProblem(.zeroVector, "all components are zero, so the vector has no direction to compare")
            }
            return (1 / squares.squareRoot(), largest)
        }
        let length = squares.squareRoot()
        guard length <= Self.largestLength else {
            throw VectorProblem(.tooLarge, "the vector is \(length) long; at most \(Self.largestLength) is possible")
        }
        if element == .float16, largest >= 65_520 {
            throw VectorProblem(.tooLarge, "a component is \(largest); float16 holds magnitudes below 65,520")
        }
        return (1, largest)
    }
}
