/// The measure of how near two vectors are.
///
/// Searches order by a *distance*, which is smaller for what is nearer. Users see a *score*; ``score(ofDistance:)`` converts.
///
/// | metric | distance | score |
/// | --- | --- | --- |
/// | ``cosine`` | 1 − cosine of the angle, from 0 to 2 | the cosine, from −1 to 1; larger is nearer |
/// | ``dotProduct`` | − dot product | the dot product; larger is nearer |
/// | ``euclidean`` | squared Euclidean distance, from 0 | the Euclidean distance; smaller is nearer |
public enum VectorMetric: String, Sendable, CaseIterable {
    /// The angle between the vectors. Their lengths do not matter; a vector of length zero has no angle and is refused.
    case cosine
    /// The dot product. Longer vectors are nearer.
    case dotProduct
    /// The Euclidean distance.
    case euclidean

    /// Returns the score of a distance of this metric, in the unit of the table above.
    public func score(ofDistance distance: Float) -> Float {
        switch self {
        case .cosine: 1 - distance
        case .dotProduct: -distance
        case .euclidean: distance.squareRoot()
        }
    }
}
