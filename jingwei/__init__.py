"""Jingwei 经纬: a city's grassroots governance.

Every place in a grid, every matter in a closed loop, every loop counted.
"""
