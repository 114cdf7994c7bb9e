package import Millrace
import Synchronization

/// The indexes of one partition of a store as of its last commit, for those who want their figures, on any thread.
///
/// They are published whether or not the store is queried: an operator wants to see them from the start.
package final class PublishedIndexes: Sendable {
    private let plans: [StoreIndexPlan]
    private let views = Mutex<StoreIndexes.Views>([:])

    init(_ plans: [StoreIndexPlan]) { self.plans = plans }

    func publish(_ views: StoreIndexes.Views) { self.views.withLock { $0 = views } }

    /// The figures of the indexes whose kinds give some, by the indexes' names.
    package var figures: [String: StoreIndexFigures] {
        let views = views.withLock { $0 }
        var figures: [String: StoreIndexFigures] = [:]
        for plan in plans {
            guard let access = plan.access, let view = views[plan.name] else { continue }
            figures[plan.name] = Self.figures(of: view, access)
        }
        return figures
    }

    private static func figures<Access: StoreIndexAccess>(
        of view: Result<any Sendable, any Error>, _ access: Access
    ) -> StoreIndexFigures? {
        switch view {
        case .success(let view): return (view as? Access.View).map(access.figures)
        case .failure(let error):
            var figures = StoreIndexFigures()
            (figures.isComplete, figures.problem) = (false, "\(error)")
            return figures
        }
    }
}
