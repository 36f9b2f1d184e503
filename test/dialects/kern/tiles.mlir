// Tile operations are printed as they are read; a tile says rows, columns and vector.
// RUN: bs-opt %s | bs-opt | filecheck %s

// CHECK-LABEL: kern.func @tiles
kern.func @tiles(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // CHECK-NEXT: %z = kern.tile_zero : !kern.tile<2, 20, vector<16xf32>>
  %z = kern.tile_zero : !kern.tile<2, 20, vector<16xf32>>
  // CHECK-NEXT: %t = kern.tile_multiply %z, %x row 9 step %nt, %y pitch %n, depth %n unroll 2 : !kern.tile<2, 20, vector<16xf32>>
  %t = kern.tile_multiply %z, %x row 9 step %nt, %y pitch %n, depth %n unroll 2 : !kern.tile<2, 20, vector<16xf32>>
  // CHECK-NEXT: %t_1 = kern.tile_multiply %t, %x row 9 step %nt, %y pitch %n, depth %n unroll 2 ahead %x, %y every %n, %nt : !kern.tile<2, 20, vector<16xf32>>
  %t_1 = kern.tile_multiply %t, %x row 9 step %nt, %y pitch %n, depth %n unroll 2 ahead %x, %y every %n, %nt : !kern.tile<2, 20, vector<16xf32>>
  // CHECK-NEXT: kern.tile_store %t, %ws[%n] stride 64 : !kern.tile<2, 20, vector<16xf32>>
  kern.tile_store %t, %ws[%n] stride 64 : !kern.tile<2, 20, vector<16xf32>>
  // CHECK-NEXT: %l = kern.tile_load %ws[%n] stride 64 : !kern.tile<2, 20, vector<16xf32>>
  %l = kern.tile_load %ws[%n] stride 64 : !kern.tile<2, 20, vector<16xf32>>
  // CHECK-NEXT: kern.tile_each %l : !kern.tile<2, 20, vector<16xf32>> {
  kern.tile_each %l : !kern.tile<2, 20, vector<16xf32>> {
  ^bb0(%v : vector<16xf32>, %row : index, %column : index, %count : index):
    kern.store %v, %y[%column], %count : vector<16xf32>
    // CHECK: kern.tile_end
    kern.tile_end
  }
  kern.return
}
