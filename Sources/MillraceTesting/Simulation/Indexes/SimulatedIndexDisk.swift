import Millrace
import MillraceEngine

/// The part of an instance's disk where the indexes are. It outlives the instance's processes, unless it is lost.
final class SimulatedIndexDisk {
    private struct Place: Hashable {
        var task: TaskID
        var store: String
        var index: String
    }

    private var folders: [Place: SimulatedFolder] = [:]
    private var places: [Place] = []

    var isEmpty: Bool { places.isEmpty }

    func folder(of index: String, of store: String, of task: TaskID) -> SimulatedFolder {
        let place = Place(task: task, store: store, index: index)
        if let folder = folders[place] { return folder }
        let folder = SimulatedFolder()
        folders[place] = folder
        places.append(place)
        return folder
    }

    /// Ends the process, or with it the system; and damages a file now and then.
    func end(losingPower losesPower: Bool, in world: SimulatedWorld) {
        for place in places {
            guard let folder = folders[place] else { continue }
            folder.leftOpen = nil
            if losesPower { folder.losePower(&world.random) }
            if world.random.chance(world.faults.flippedBits), let name = folder.flipBit(&world.random) {
                let file = name.split(separator: "-").first ?? "file"
                world.log("a bit of a \(file) of \(place.index) of task \(place.task) is flipped")
            }
        }
    }
}
