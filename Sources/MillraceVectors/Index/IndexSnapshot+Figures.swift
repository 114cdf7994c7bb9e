import Millrace

extension IndexSnapshot {
    /// The figures for operators.
    var figures: StoreIndexFigures {
        let measures = measures
        var figures = StoreIndexFigures()
        (figures.entryCount, figures.segmentCount) = (measures.count, measures.segmentCount)
        (figures.deadCount, figures.tailCount) = (measures.deadCount, measures.tailCount)
        (figures.sizeInBytes, figures.isComplete) = (measures.sizeInBytes, measures.isComplete)
        (figures.rebuiltCount, figures.recall) = (rebuild?.count, measures.recall)
        figures.fileProblem = measures.fileProblem
        figures.searchLatency = searches.latency
        return figures
    }
}
