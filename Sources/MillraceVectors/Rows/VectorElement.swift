/// The form in which the components of a vector are kept.
///
/// ``int8`` and ``binary`` lose so much that their distances only preselect: the final order comes from rows in a fuller
/// form.
public enum VectorElement: String, Sendable, CaseIterable {
    /// 4 bytes a component, exact.
    case float32
    /// 2 bytes a component: 11 significant bits, magnitudes below 65,520.
    case float16
    /// 1 byte a component, and 8 bytes a vector: the component in 254 steps between minus and plus the vector's largest one.
    case int8
    /// 1 bit a component: its sign. The distance of such rows is the Hamming distance in bits, whatever the metric.
    case binary
}
