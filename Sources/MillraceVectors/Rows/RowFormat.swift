import CVectorKernels

/// The format of the rows of an index: what a vector becomes in memory and in files, and how far two of them are apart.
///
/// A row of `float32` and `float16` is its components. A row of `int8` is a float that scales the codes, a float with the squared
/// norm of the scaled codes, and the codes. A row of `binary` is the signs as bits, the first component in the lowest bit of the
/// first byte, a set bit for a positive component. All in the byte order of the machine, which is little-endian
/// on all that there are kernels for. Under `cosine` a vector is normalised first; `int8` then has the scale that makes the
/// norm of the scaled codes 1.
package struct RowFormat: Sendable {
    package let dimensions: Int
    package let metric: VectorMetric
    package let element: VectorElement
    /// Bytes from one row to the next: a multiple of 8, and of 64 where that costs at most an eighth.
    package let strideInBytes: Int

    let kernels: UnsafeKernels

    /// The range of dimensions: sums of int8 products stay within an Int32.
    package static let possibleDimensions = 1...65_536
    /// The largest length of a vector that is not normalised. Twice its square is still a finite Float, so no distance overflows.
    package static let largestLength = 6.5e18

    /// Makes a format.
    ///
    /// - Parameters:
    ///   - dimensions: The number of components, within ``possibleDimensions``.
    ///   - metric: The measure of nearness.
    ///   - element: The form of the components.
    ///   - level: The instructions to use; by default the best of this processor.
    /// - Throws: `invalidFormat` if the dimensions are out of range.
    package init(
        dimensions: Int, metric: VectorMetric, element: VectorElement = .float32, level: KernelLevel = .best
    ) throws(VectorProblem) {
        guard Self.possibleDimensions.contains(dimensions) else {
            throw VectorProblem(
                .invalidFormat,
                "an index has from 1 to \(Self.possibleDimensions.upperBound) dimensions, not \(dimensions)")
        }
        self.init(
            dimensions: dimensions, metric: metric, element: element,
            kernels: UnsafeKernels(functions: level.kernels))
    }

    private init(dimensions: Int, metric: VectorMetric, element: VectorElement, kernels: UnsafeKernels) {
        self.dimensions = dimensions
        self.metric = metric
        self.element = element
        self.kernels = kernels
        let size = Self.sizeInBytes(of: element, dimensions: dimensions)
        let lines = (size + 63) / 64 * 64
        strideInBytes = lines - size <= size / 8 ? lines : (size + 7) / 8 * 8
    }

    /// Bytes of a row that mean something; the rest of the stride is zero.
    package var sizeInBytes: Int { Self.sizeInBytes(of: element, dimensions: dimensions) }

    private static func sizeInBytes(of element: VectorElement, dimensions: Int) -> Int {
        switch element {
        case .float32: dimensions * 4
        case .float16: dimensions * 2
        case .int8: Self.codesOffset + dimensions
        case .binary: (dimensions + 7) / 8
        }
    }

    /// Where the codes of an `int8` row begin.
    static let codesOffset = 8

    /// Returns the same format with other elements, such as that of the quantised rows in front of full ones.
    package func with(element: VectorElement) -> RowFormat {
        RowFormat(dimensions: dimensions, metric: metric, element: element, kernels: kernels)
    }

    /// Whether rows of both formats are the same bytes and compare alike.
    package func hasSameRows(as other: RowFormat) -> Bool {
        dimensions == other.dimensions && metric == other.metric && element == other.element
    }

    /// Returns the score that users see for a distance between rows of this format. For `binary` rows, whatever the metric, it
    /// is the share of equal signs minus that of different ones, from −1 to 1.
    package func score(ofDistance distance: Float) -> Float {
        guard element == .binary else { return metric.score(ofDistance: distance) }
        return 1 - 2 * distance / Float(dimensions)
    }

    /// The function that computes distances from one query to many rows.
    var distances: millrace_distances {
        let functions = kernels.functions.pointee
        let table: millrace_distance_table
        switch element {
        case .float32: table = functions.float32
        case .float16: table = functions.float16
        case .int8: table = functions.int8
        case .binary: return functions.bits
        }
        switch metric {
        case .cosine: return table.cosine
        case .dotProduct: return table.dot_product
        case .euclidean: return table.euclidean
        }
    }
}

/// The functions of a level, which are constant.
// The pointer leads to constant data of the executable.
struct UnsafeKernels: @unchecked Sendable {
    let functions: UnsafePointer<millrace_kernels>
}
