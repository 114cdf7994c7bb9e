import Millrace

extension IndexSnapshot {
    /// The figures for operators.
    var figures: StoreIndexFigures {
        let (measures, searched) = (measures, searches.total)
        var figures = StoreIndexFigures()
        (figures.entryCount, figures.segmentCount) = (measures.count, measures.segmentCount)
        (figures.deadCount, figures.tailCount) = (measures.deadCount, measures.tailCount)
        (figures.sizeInBytes, figures.isComplete) = (measures.sizeInBytes, measures.isComplete)
        (figures.rebuiltCount, figures.recall) = (rebuild?.count, measures.recall)
        (figures.searchCount, figures.searchTime) = (searched.count, searched.time)
        return figures
    }
}
