/// A partition of elements into disjoint sets: union and find with path halving.
struct DisjointSets {
    private var parents: [Int] = []

    mutating func add() -> Int {
        parents.append(parents.count)
        return parents.count - 1
    }

    mutating func unite(_ left: Int, _ right: Int) {
        let (leftRoot, rightRoot) = (root(of: left), root(of: right))
        if leftRoot != rightRoot { parents[rightRoot] = leftRoot }
    }

    func root(of element: Int) -> Int {
        var element = element
        while parents[element] != element { element = parents[element] }
        return element
    }
}
