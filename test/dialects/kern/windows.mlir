// The operations on windows are printed as they are read, and refuse what does not fit.
// RUN: bs-opt %s | bs-opt | filecheck %s

// CHECK: kern.tile_gather %{{.*}}, %x at [0, 1], %y pitch -4 : !kern.tile<2, 4, vector<4xf32>>
// CHECK: kern.tile_moments %{{.*}}, %y fresh %new : !kern.tile<2, 4, vector<4xf32>>
// CHECK: kern.tile_across %{{.*}} columns 4 : !kern.tile<2, 4, vector<4xf32>> {
kern.func @k(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %z = kern.tile_zero : !kern.tile<2, 4, vector<4xf32>>
  %t = kern.tile_gather %z, %x at [0, 1], %y pitch -4 : !kern.tile<2, 4, vector<4xf32>>
  %new = arith.constant true
  kern.tile_moments %t, %y fresh %new : !kern.tile<2, 4, vector<4xf32>>
  kern.tile_across %t columns 4 : !kern.tile<2, 4, vector<4xf32>> {
  ^bb0(%v : vector<4xf32>, %row : index, %column : index, %count : index):
    kern.tile_end
  }
  kern.return
}
