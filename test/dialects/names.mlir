// Names, paths and texts of any characters come back from the printed IR byte for byte.

// RUN: bs-opt %s | filecheck %s
// RUN: bs-opt %s -o %t
// RUN: bs-opt --language mlir %t | cmp - %t

// CHECK: net.parameter @"gr\C3\B6\C3\9Fe\0A\22" : !net.t<[1], f32> {init = "fromFile", file = "\C3\A4.txt"
// CHECK: %0 = net.read @"gr\C3\B6\C3\9Fe\0A\22"
// CHECK: net.input "h\C3\B6he" : !net.t<[1], f32, @"\C3\BC">
builtin.module {
  net.parameter @"größe\n\22" : !net.t<[1], f32> {init = "fromFile", file = "ä.txt"}
  net.network {
    %0 = net.read @"gr\C3\B6\C3\9Fe\0A\22" : !net.t<[1], f32>
    %1 = net.input "höhe" : !net.t<[1], f32, @"ü">
    %2 = net.plus %0, %1 {node = "Größe"} : !net.t<[1], f32, @"ü">
    net.roots output(%2)
  }
}
